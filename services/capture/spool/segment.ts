// A segment is a file of records back to back: 000000000007.spool while it is appended to, and then with the number of its
// records and samples, 000000000007.82-41984.spool. So what a damaged file has lost is known to the sample, and no packet
// can pose as that total, which it could inside the file.

import { fstatSync, fsyncSync, ftruncateSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HEADER_BYTES, readBody, readHeader, type SpoolRecord } from './record.ts';

export interface Count {
  records: number;
  samples: number;
}

/** A segment with records to deliver (their count), or one that is about to get some. */
export interface Segment extends Count {
  number: number;
  path: string;
  /** Only while it is appended to. */
  fd: number | undefined;
  /** Where the first record is that still has to be delivered; `gone` is what lies before. */
  start: number;
  gone: Count;
  /** Where the last whole record ends. */
  end: number;
  /** When the record at `start` was stored. */
  oldestMs: number;
  /** The latest time of any record: a clock that was set back does not keep order. */
  newestMs: number;
}

const NAME = /^(\d{12})(?:\.(\d{1,10})-(\d{1,15}))?\.spool$/;

export function segmentName(number: number, total?: Count): string {
  const totals = total ? `.${total.records}-${total.samples}` : '';
  return `${String(number).padStart(12, '0')}${totals}.spool`;
}

/** @returns undefined when the file is not a segment */
export function parseSegmentName(name: string): { number: number; total?: Count } | undefined {
  const [, number, records, samples] = NAME.exec(name) ?? [];
  if (number === undefined) return undefined;
  if (records === undefined) return { number: Number(number) };
  return { number: Number(number), total: { records: Number(records), samples: Number(samples) } };
}

/**
 * Nothing more will be appended: cuts off what is behind the last whole record, and returns when the disk has it all. The
 * name goes first: what a power failure takes is then counted, and a kill before the cut does not make the same count twice.
 */
export function seal(segment: Segment, fd: number): void {
  const { records, samples, gone } = segment;
  const total = { records: records + gone.records, samples: samples + gone.samples };
  const path = join(dirname(segment.path), segmentName(segment.number, total));
  if (path !== segment.path) renameSync(segment.path, path);
  segment.path = path;
  ftruncateSync(fd, segment.end);
  fsyncSync(fd);
}

export interface Scan {
  /** Whole records without a damage before them. */
  kept: Count;
  /** Where they end. */
  end: number;
  oldestMs: number;
  newestMs: number;
  /** Of a record that was being written when the process ended: nobody was told that it is there. */
  tornBytes: number;
  lost: (Count & { cause: 'spool_corrupt' | 'disk_error' }) | undefined;
}

/**
 * Reads the records behind `from`, one at a time. What follows a damaged record is given up: its length can't be believed,
 * and looking for the next magic would let a sampled packet, whose bytes anybody may choose, pose as a record. (Behind a
 * damaged body alone one could go on, but would find and count the damage at every start.) The next segment begins at a
 * known place again.
 * @param expected what should be there, if known: losses are exact then, else what can be told, and at least one record
 */
export function scanSegment(fd: number, from: number, expected?: Count): Scan {
  const size = fstatSync(fd).size;
  const kept = { records: 0, samples: 0 };
  const behind = { records: 0, samples: 0 };
  const scan: Scan = { kept, end: Math.min(from, size), oldestMs: 0, newestMs: 0, tornBytes: 0, lost: undefined };
  let cause: 'spool_corrupt' | 'disk_error' | undefined;
  try {
    for (let at = from; at < size; ) {
      const header = readHeader(fd, at, size);
      if (header === 'torn') break;
      if (header === 'damaged') {
        cause = 'spool_corrupt';
        behind.records++;
        break;
      }
      if (!cause && !readBody(fd, at, header)) cause = 'spool_corrupt';
      at += HEADER_BYTES + header.bodyBytes;
      const count = cause ? behind : kept;
      count.records++;
      count.samples += header.samples;
      if (cause) continue;
      if (kept.records === 1) scan.oldestMs = header.storedAtMs;
      scan.newestMs = Math.max(scan.newestMs, header.storedAtMs);
      scan.end = at;
    }
  } catch {
    cause = 'disk_error'; // EIO: what was written can't be read back
    behind.records++;
  }
  if (expected && expected.records > kept.records) {
    const samples = Math.max(expected.samples - kept.samples, 0);
    scan.lost = { cause: cause ?? 'spool_corrupt', records: expected.records - kept.records, samples };
  } else if (!expected && cause) scan.lost = { cause, ...behind };
  else scan.tornBytes = size - scan.end;
  return scan;
}

export interface Taking {
  records: SpoolRecord[];
  /** Where each of them ends. */
  ends: number[];
  bytes: number;
  stop: 'full' | 'spool_corrupt' | 'disk_error' | undefined;
}

/** Adds the records to be delivered until they make `maxBytes`; damage may have come since the segment was written. */
export function takeRecords(fd: number, segment: Segment, maxBytes: number, atLeastOne: boolean, taking: Taking): void {
  for (let at = segment.start; at < segment.end; at = taking.ends.at(-1) ?? segment.end) {
    const header = readHeader(fd, at, segment.end);
    const bytes = typeof header === 'string' ? 0 : HEADER_BYTES + header.bodyBytes;
    if (taking.bytes + bytes > maxBytes && !(atLeastOne && taking.records.length === 0)) {
      taking.stop = 'full';
      return;
    }
    const record = typeof header === 'string' ? undefined : readBody(fd, at, header);
    if (!record) {
      taking.stop = 'spool_corrupt';
      return;
    }
    taking.records.push(record);
    taking.ends.push(at + bytes);
    taking.bytes += bytes;
  }
}

/** How many records to be delivered, from the first on, were stored before `timeMs`. @param next where the others start */
export function countOlder(fd: number, segment: Segment, timeMs: number): Count & { next: number } {
  const older = { records: 0, samples: 0, next: segment.start };
  while (older.next < segment.end) {
    const header = readHeader(fd, older.next, segment.end);
    if (typeof header === 'string' || header.storedAtMs >= timeMs) break;
    older.records++;
    older.samples += header.samples;
    older.next += HEADER_BYTES + header.bodyBytes;
  }
  return older;
}
