// Entries of tcxflow.ledger.v1, as stages make them.

import type { LedgerEntry } from '@tcxflow/schemas/generated.ts';
import { ledgerEntryCodec } from '@tcxflow/schemas/topics.ts';

const NO_BOOT = Buffer.alloc(16);

const nothing: Omit<LedgerEntry, 'agent' | 'stage' | 'minute'> = {
  bootId: NO_BOOT,
  in: 0,
  out: 0,
  waiting: 0,
  lost: [],
  letters: 0,
  batchSequence: 0,
  sourcePartition: -1,
  sourceOffset: -1,
  sinceMs: 0,
};

/** @returns a message; what is not said is nothing */
export function ledgerMessage(entry: Pick<LedgerEntry, 'agent' | 'stage' | 'minute'> & Partial<LedgerEntry>): {
  key: string;
  value: Buffer;
} {
  return { key: entry.agent, value: ledgerEntryCodec.encode({ ...nothing, ...entry }) };
}

/** Of a message that went to the dead letters. */
export function letterCause(error: Error & { code?: string }): string {
  return `dead_letter:${error.code ?? error.name}`;
}
