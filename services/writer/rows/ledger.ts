// Rows of ledger, out of one message of tcxflow.ledger.v1.

import { minuteOf } from '@tcxflow/common/minutes.ts';
import type { LedgerEntry } from '@tcxflow/schemas/generated.ts';
import { millisecondsText, type Position, whole } from './text.ts';

/** @param position of the entry: what it is known by, unless it says what it is about */
export function ledgerRows(entry: LedgerEntry, position: Position): object[] {
  const about = entry.sourceOffset >= 0 && entry.sourcePartition >= 0;
  return [
    {
      minute: minuteOf(BigInt(entry.minute) * 1_000_000n, 0) / 1000,
      agent: entry.agent,
      stage: entry.stage,
      bootId: entry.bootId.toString('hex'),
      batchSequence: whole(entry.batchSequence),
      partition: about ? entry.sourcePartition : position.partition,
      offset: about ? entry.sourceOffset : position.offset,
      in: whole(entry.in),
      out: whole(entry.out),
      waiting: whole(entry.waiting),
      lost: Object.fromEntries(entry.lost.map(({ cause, samples }) => [cause, whole(samples)])),
      letters: whole(entry.letters),
      since: millisecondsText(entry.sinceMs),
      at: millisecondsText(position.timestampMs),
    },
  ];
}
