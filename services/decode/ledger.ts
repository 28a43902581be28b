// What decode says in tcxflow.ledger.v1: entries know the raw batch by its offset, so that one which is decoded again says
// the same again, and counts once.

import { ledgerMessage, letterCause } from '@tcxflow/common/ledger.ts';
import { countReadable, minuteOf } from '@tcxflow/common/minutes.ts';
import type { RawBatch } from '@tcxflow/common/raw-batch.ts';
import type { KafkaMessage } from 'kafkajs';
import type { SourcePosition } from './decode-message.ts';

type LedgerMessage = ReturnType<typeof ledgerMessage>;

/** @param counts minute → samples, all of which were decoded */
export function decodedEntries(
  batch: RawBatch,
  counts: ReadonlyMap<number, number>,
  position: SourcePosition,
  sinceMs: number,
): LedgerMessage[] {
  return [...counts].map(([minute, samples]) =>
    ledgerMessage({ ...identityOf(batch, position, sinceMs), minute, in: samples, out: samples }),
  );
}

/** Of a message that went to the dead letters: what can be read of it is lost with it. */
export function letterEntries(message: KafkaMessage, position: SourcePosition, error: Error): LedgerMessage[] {
  const cause = letterCause(error);
  const sinceMs = Number(message.timestamp);
  const readable = countReadable(message.value);
  if (!readable || readable.counts.size === 0) {
    const agent = readable?.batch.agent ?? message.key?.toString() ?? '';
    const lost = [{ cause, samples: 0 }];
    // No sample tells its time: when it was sent, then.
    const minute = minuteOf(BigInt(sinceMs) * 1_000_000n, 0);
    return [ledgerMessage({ ...identityOf({ agent }, position, sinceMs), minute, lost, letters: 1 })];
  }
  return [...readable.counts].map(([minute, samples], index) =>
    ledgerMessage({
      ...identityOf(readable.batch, position, sinceMs),
      minute,
      in: samples,
      lost: [{ cause, samples }],
      letters: index === 0 ? 1 : 0,
    }),
  );
}

function identityOf(
  batch: Pick<RawBatch, 'agent'> & Partial<Pick<RawBatch, 'bootId' | 'batchSequence'>>,
  position: SourcePosition,
  sinceMs: number,
) {
  const { agent, bootId, batchSequence } = batch;
  return {
    stage: 'decode',
    agent,
    ...(bootId ? { bootId } : {}),
    ...(batchSequence === undefined ? {} : { batchSequence }),
    sourcePartition: position.partition,
    sourceOffset: position.offset,
    sinceMs,
  };
}
