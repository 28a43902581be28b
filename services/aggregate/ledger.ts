// What aggregate says in tcxflow.ledger.v1, in the transaction of the flows that it is about: so each entry counts. Pure.

import { ledgerMessage, letterCause } from '@tcxflow/common/ledger.ts';
import type { KafkaMessage } from 'kafkajs';
import { Double, Word } from './flow-row.ts';
import type { Origin } from './origins.ts';
import { chunkOf, wordOf } from './row-table.ts';
import type { Window } from './windows.ts';

type LedgerMessage = ReturnType<typeof ledgerMessage>;

const STAGE = 'aggregate';
const MINUTE_MS = 60_000;

interface Sum {
  agent: string;
  minute: number;
  samples: number;
  untilMs: number;
}

/**
 * @param emitted windows that go out now, or flows taken out of one
 * @param open those that stay
 * @param isSent whether the configuration has flows sent
 */
export function emittedEntries(emitted: readonly Window[], open: Iterable<Window>, isSent: boolean): LedgerMessage[] {
  const sums = new Map<string, Sum>();
  for (const window of emitted) addUp(sums, window);
  const waiting = new Map<string, Sum>();
  const minutes = new Set([...sums.values()].map(({ minute }) => minute));
  for (const window of open) if (minutes.has(minuteOf(window))) addUp(waiting, window);
  return [...sums].map(([key, { agent, minute, samples, untilMs }]) =>
    ledgerMessage({
      stage: STAGE,
      agent,
      minute,
      in: samples,
      out: isSent ? samples : 0,
      lost: isSent ? [] : [{ cause: 'flows_off', samples }],
      waiting: waiting.get(key)?.samples ?? 0,
      sinceMs: untilMs,
    }),
  );
}

/** Of a message that went to the dead letters: whose it was says its key; how many samples it had can't be told. */
export function letterEntry(message: KafkaMessage, error: Error): LedgerMessage {
  const sinceMs = Number(message.timestamp);
  return ledgerMessage({
    stage: STAGE,
    agent: message.key?.toString() ?? '',
    minute: Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS,
    lost: [{ cause: letterCause(error), samples: 0 }],
    letters: 1,
    sinceMs,
  });
}

function minuteOf({ startMs }: Window): number {
  return Math.floor(startMs / MINUTE_MS) * MINUTE_MS;
}

/** Samples of the rows that are really there, rather than what was counted when they came. */
function addUp(sums: Map<string, Sum>, window: Window): void {
  const byOrigin = new Float64Array(window.origins.values.length);
  for (let row = 0; row < window.flows.count; row++) {
    const { ints, doubles } = chunkOf(window.flows, row);
    const at = wordOf(window.flows, row);
    const origin = ints[at + Word.origin] as number;
    byOrigin[origin] = (byOrigin[origin] as number) + (doubles[(at >>> 1) + Double.samples] as number);
  }
  const minute = minuteOf(window);
  const untilMs = window.startMs + window.windowMs;
  for (const [index, samples] of byOrigin.entries()) {
    if (samples === 0) continue;
    const agent = (window.origins.values[index] as Origin).agent.toString();
    const key = `${minute} ${agent}`;
    const sum = sums.get(key) ?? { agent, minute, samples: 0, untilMs };
    sum.samples += samples;
    sum.untilMs = Math.max(sum.untilMs, untilMs);
    sums.set(key, sum);
  }
}
