// What the tests of the spool share: folders of their own, records that tell their number, losses by cause.

import { closeSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { openSpool, type Spool, type SpoolLoss, type SpoolOptions, type SpoolRecord } from './spool.ts';

export function makeFolder(t: TestContext): string {
  // In memory if possible: thousands of segments are closed here, and each waits for its disk.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tcxflow-spool-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestSpool extends Spool {
  lost(): Losses;
}

type Losses = Partial<Record<SpoolLoss, { records: number; samples: number }>>;

/** Ten records of RECORD_BYTES a segment, ten segments, and an hour, unless told otherwise. */
export function openTestSpool(folder: string, options: Partial<SpoolOptions> = {}): TestSpool {
  const lost: Losses = {};
  const spool = openSpool({
    folder,
    maxBytes: 100 * RECORD_BYTES,
    maxAgeMs: 3_600_000,
    segmentBytes: 10 * RECORD_BYTES,
    log: quietLog,
    ...options,
    onLost(cause, { records, samples }) {
      const before = lost[cause] ?? { records: 0, samples: 0 };
      lost[cause] = { records: before.records + records, samples: before.samples + samples };
    },
  });
  return Object.defineProperty(spool as TestSpool, 'lost', { value: () => lost });
}

export const RECORD_BYTES = 100;

/** A record of RECORD_BYTES on disk whose samples are its number. */
export function record(number: number): Omit<SpoolRecord, 'storedAtMs'> {
  return { topic: 'samples', key: 'host-1', value: Buffer.from(String(number).padEnd(55, '.')), samples: number };
}

export function appendNumbers(spool: Spool, from: number, to: number): void {
  for (let number = from; number <= to; number++) spool.append(record(number));
}

export const numberOf = ({ value }: SpoolRecord) => Number.parseInt(value.toString(), 10);
export const numbersOf = (records: SpoolRecord[]) => records.map(numberOf);
export const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
export const everything = (spool: Spool) => spool.peek(Number.MAX_SAFE_INTEGER);
export const segmentFiles = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.spool'));

/** What kill -9 leaves of a spool of this process: files as they are, and nobody who holds them. */
export function killSpool(folder: string): void {
  for (const fd of readdirSync('/proc/self/fd'))
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${folder}/`)) closeSync(Number(fd));
    } catch {
      // the one that read this list
    }
  for (const name of readdirSync(folder)) if (name.startsWith('lock.')) rmSync(join(folder, name));
}
