// What capture says in tcxflow.ledger.v1: samples that it gave up, which nobody sees behind it but as missing numbers, and those
// that wait on its disk. Nothing is said when there is nothing of it.

import { ledgerMessage } from '@tcxflow/common/ledger.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { AgentIdentity } from './identity.ts';
import type { PublisherMetrics } from './metrics.ts';

export interface CaptureLedgerOptions {
  identity: Pick<AgentIdentity, 'agent' | 'bootId'>;
  intervalMs: number;
  /** The counts are kept there. */
  metrics: Pick<PublisherMetrics, 'givenUp' | 'spoolSamples'>;
  emit: (message: Buffer) => void;
  log: Logger;
}

const MINUTE_MS = 60_000;

export function createCaptureLedger({ identity, intervalMs, metrics, emit, log }: CaptureLedgerOptions): Component {
  const { agent, bootId } = identity;
  const problems = throttled(60_000);
  const told = new Map<string, number>();
  let waited = 0;
  let number = 0;
  let timer: NodeJS.Timeout | undefined;

  async function tell(): Promise<void> {
    const { values } = await metrics.givenUp.get();
    const waiting = (await metrics.spoolSamples.get()).values[0]?.value ?? 0;
    const lost = values.flatMap(({ labels, value }) => {
      const cause = String(labels.cause);
      const samples = value - (told.get(cause) ?? 0);
      told.set(cause, value);
      return samples > 0 ? [{ cause, samples }] : [];
    });
    if (lost.length === 0 && waiting === 0 && waited === 0) return;
    waited = waiting;
    const sinceMs = Date.now();
    const minute = Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS;
    // By its number an entry that is sent twice counts once.
    const known = { sourcePartition: 0, sourceOffset: ++number };
    emit(ledgerMessage({ stage: 'capture', agent, bootId, minute, waiting, lost, sinceMs, ...known }).value);
  }

  return {
    name: 'ledger',
    start() {
      timer = setInterval(() => {
        tell().catch((err: unknown) => problems((skipped) => log.warn({ err, skipped }, 'the ledger has no entry')));
      }, intervalMs);
    },
    stop: () => clearInterval(timer),
  };
}
