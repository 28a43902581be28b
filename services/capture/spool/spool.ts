// Encoded batches on disk while Kafka is away: appended to segment files, and taken from the oldest. Bounded in bytes and
// age; whatever is given up is reported with its cause. Nothing waits for the disk but the end of a segment: kill -9 loses
// nothing that was appended, a power failure what the kernel had not written yet.

import assert from 'node:assert/strict';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import { claimFolder } from './folder.ts';
import { encodeRecord, SEGMENT_BYTES_MAX, type SpoolRecord } from './record.ts';
import { type Count, countOlder, type Segment, type Taking, takeRecords } from './segment.ts';
import { openSegmentQueue } from './segment-queue.ts';

export type { SpoolRecord } from './record.ts';
export type SpoolLoss = 'spool_full' | 'spool_expired' | 'spool_corrupt' | 'disk_error';

export interface SpoolOptions {
  folder: string;
  /** Of the segment files together. */
  maxBytes: number;
  maxAgeMs: number;
  /** A full spool gives up a segment at a time, so it is a quarter of maxBytes at most. */
  segmentBytes?: number;
  /** Every record that is given up, with its cause. */
  onLost: (cause: SpoolLoss, lost: Count) => void;
  now?: () => number;
  log: Logger;
}

export interface Spool {
  /** Never throws for the disk's sake: what it does not take is reported as lost. */
  append(record: Omit<SpoolRecord, 'storedAtMs'>): void;
  /** The oldest that are not acknowledged, in order; at least one if any can be read. The spool keeps them. */
  peek(maxBytes: number): SpoolRecord[];
  /**
   * The first `count` of what peek last returned are in Kafka. What the spool had to give up since that peek is not lost
   * if it is acknowledged; if not, it is reported with the next peek. After close nothing is acknowledged any more.
   */
  acknowledge(count: number): void;
  /** Of the segment files: acknowledged records count until their segment is done. */
  readonly bytes: number;
  /** Not acknowledged. */
  readonly records: number;
  readonly samples: number;
  /** When the oldest record was stored. */
  oldestMs(): number | undefined;
  close(): void;
}

/** What peek handed out and nobody acknowledged yet. */
interface InFlight {
  segment: Segment;
  /** Where the record behind it starts. */
  next: number;
  samples: number;
  /** Given up meanwhile: lost, unless Kafka turns out to have it. */
  cause: SpoolLoss | undefined;
}

/** A file that can't be opened for one of these may be opened later; what the disk itself can't read back is lost. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'EPERM', 'EINTR']);

/**
 * Reads what an earlier process left, and reports what of it is lost, before it returns.
 * @throws {TcxflowError} SPOOL_FOLDER, SPOOL_IN_USE
 */
export function openSpool(options: SpoolOptions): Spool {
  const { folder, maxBytes, maxAgeMs, log } = options;
  const now = options.now ?? Date.now;
  const segmentBytes = Math.min(options.segmentBytes ?? 4 << 20, Math.floor(maxBytes / 4), SEGMENT_BYTES_MAX);
  const lines = new Map<SpoolLoss, ReturnType<typeof throttled>>();
  const { opened: queue, release } = claimFolder(folder, () => openSegmentQueue({ folder, segmentBytes, lost, log }));
  const { segments } = queue;
  let inFlight: InFlight[] = [];
  let closed = false;

  function lost(cause: SpoolLoss, { records, samples }: Count): void {
    if (records === 0) return;
    options.onLost(cause, { records, samples });
    const line = lines.get(cause) ?? throttled(10_000);
    lines.set(cause, line);
    line((skipped) => log.warn({ cause, records, samples, skipped }, 'spool: samples lost'));
  }

  const sum = (of: 'end' | 'records' | 'samples') => segments.reduce((total, segment) => total + segment[of], 0);

  /** Gives up the next records of a segment. Those in flight count as lost only if they turn out not to be in Kafka. */
  function giveUp(cause: SpoolLoss, segment: Segment, next: number, { records, samples }: Count): void {
    const flying = inFlight.filter((one) => one.segment === segment && one.next <= next && !one.cause);
    for (const one of flying) one.cause = cause;
    queue.pass(segment, next, { records, samples });
    queue.forget();
    const spared = flying.reduce((total, one) => total + one.samples, 0);
    lost(cause, { records: records - flying.length, samples: samples - spared });
  }

  function settle(): void {
    for (const [cause, group] of Map.groupBy(inFlight, (one) => one.cause))
      if (cause) lost(cause, { records: group.length, samples: group.reduce((total, one) => total + one.samples, 0) });
    inFlight = [];
  }

  function makeRoom(bytes: number): void {
    // What is appended to fits with one more record, so it is never given up here.
    for (let head = segments[0]; head && sum('end') + bytes > maxBytes; head = segments[0])
      giveUp('spool_full', head, head.end, head);
  }

  function expire(): void {
    const oldestMs = now() - maxAgeMs;
    for (let head = segments[0]; head && head.oldestMs < oldestMs; head = segments[0])
      if (head.newestMs < oldestMs) giveUp('spool_expired', head, head.end, head);
      else if (!expirePart(head, oldestMs)) return;
  }

  function expirePart(segment: Segment, oldestMs: number): boolean {
    try {
      const { next, ...count } = queue.read(segment, (fd) => countOlder(fd, segment, oldestMs));
      if (count.records > 0) giveUp('spool_expired', segment, next, count);
      return count.records > 0;
    } catch {
      return false; // peek will find the same, and count it
    }
  }

  /** Gives up what is behind the records that could be read: see scanSegment. */
  function giveUpRest(cause: SpoolLoss, segment: Segment, at: number, readable: SpoolRecord[]): void {
    const samples = readable.reduce((total, record) => total + record.samples, 0);
    const rest = { records: segment.records - readable.length, samples: segment.samples - samples };
    queue.cut(segment, at, { records: readable.length, samples });
    lost(cause, rest);
  }

  function takeFrom(segment: Segment, maxPeekBytes: number, atLeastOne: boolean): Taking {
    const taking: Taking = { records: [], ends: [], bytes: 0, stop: undefined };
    try {
      queue.read(segment, (fd) => takeRecords(fd, segment, maxPeekBytes, atLeastOne, taking));
    } catch (error) {
      log.warn({ path: segment.path, err: error }, 'spool: a segment could not be read');
      taking.stop = PASSING.has((error as NodeJS.ErrnoException).code ?? '') ? 'full' : 'disk_error';
    }
    return taking;
  }

  makeRoom(0);
  return {
    append(record) {
      assert.ok(!closed, 'the spool is closed');
      const lostOne = { records: 1, samples: record.samples };
      const storedAtMs = now();
      const bytes = encodeRecord({ ...record, storedAtMs });
      expire();
      if (bytes.length > segmentBytes) {
        lost('spool_full', lostOne);
        return;
      }
      makeRoom(bytes.length);
      if (!queue.append(bytes, storedAtMs, record.samples)) lost('disk_error', lostOne);
    },
    peek(maxPeekBytes) {
      assert.ok(!closed, 'the spool is closed');
      settle();
      expire();
      const taken: SpoolRecord[] = [];
      let room = maxPeekBytes;
      for (const segment of [...segments]) {
        const { records, ends, bytes, stop } = takeFrom(segment, room, taken.length === 0);
        records.forEach(({ samples }, index) => {
          inFlight.push({ segment, next: ends[index] ?? 0, samples, cause: undefined });
        });
        taken.push(...records);
        room -= bytes;
        if (stop === 'full') break;
        if (stop) giveUpRest(stop, segment, ends.at(-1) ?? segment.start, records);
      }
      return taken;
    },
    acknowledge(count) {
      if (closed) return; // a send was under way: it comes again
      assert.ok(count <= inFlight.length, 'more acknowledged than peek returned');
      for (const { segment, next, samples, cause } of inFlight.splice(0, count))
        if (!cause) queue.pass(segment, next, { records: 1, samples });
      if (count > 0) queue.forget();
    },
    get bytes() {
      return sum('end');
    },
    get records() {
      return sum('records');
    },
    get samples() {
      return sum('samples');
    },
    oldestMs: () => segments[0]?.oldestMs,
    close() {
      if (closed) return;
      closed = true;
      settle();
      queue.close();
      release();
    },
  };
}
