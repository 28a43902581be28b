// The segment files in order: the last is appended to, the first is dealt with. What the disk refuses is said here, and
// answered by going on without it; what that costs is counted by the spool.

import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import { openPosition } from './position.ts';
import { readHeader, writeFully } from './record.ts';
import { recoverSegments } from './recover.ts';
import { type Count, type Segment, seal, segmentName } from './segment.ts';

export interface SegmentQueue {
  /** None is empty between two calls. */
  readonly segments: readonly Segment[];
  /** @returns false when the disk did not take it; then nothing of it is there */
  append(record: Buffer, storedAtMs: number, samples: number): boolean;
  /** @throws what the file system says */
  read<T>(segment: Segment, action: (fd: number) => T): T;
  /** This much more of the segment is dealt with, up to `next`; `forget` makes it last. */
  pass(segment: Segment, next: number, count: Count): void;
  /** Stores how far the front has come, and removes what is behind. */
  forget(): void;
  /** Gives up what the segment holds from `at` on; `kept` is what is still to be dealt with before. */
  cut(segment: Segment, at: number, kept: Count): void;
  close(): void;
}

export interface SegmentQueueOptions {
  folder: string;
  segmentBytes: number;
  /** Called while opening, for what an earlier process left and can't be read. */
  lost: (cause: 'spool_corrupt' | 'disk_error', count: Count) => void;
  log: Logger;
}

export function openSegmentQueue({ folder, segmentBytes, lost, log }: SegmentQueueOptions): SegmentQueue {
  const position = openPosition(folder, log);
  const segments = recoverOrClose();
  const problems = throttled(10_000);
  let lastNumber = Math.max(position.stored.segment, segments.at(-1)?.number ?? 0);
  let active: (Segment & { fd: number }) | undefined;

  function recoverOrClose(): Segment[] {
    try {
      return recoverSegments(folder, position.stored, lost, log);
    } catch (error) {
      position.close();
      throw error;
    }
  }

  function attempt(what: string, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      problems((skipped) => log.warn({ folder, err: error, skipped }, `spool: ${what}`));
      return false;
    }
  }

  function begin(): Segment & { fd: number } {
    const number = ++lastNumber;
    const path = join(folder, segmentName(number));
    const fd = openSync(path, 'wx+', 0o600);
    const gone = { records: 0, samples: 0 };
    const segment = { number, path, fd, start: 0, gone, end: 0, records: 0, samples: 0, oldestMs: 0, newestMs: 0 };
    segments.push(segment);
    return segment;
  }

  /** Nothing more is appended to it. */
  function retire(segment: Segment): void {
    const { fd } = segment;
    if (segment.records === 0) discard(segment);
    else if (fd !== undefined) {
      attempt('a segment could not be closed', () => seal(segment, fd));
      closeFile(segment);
    }
  }

  function closeFile(segment: Segment): void {
    const { fd } = segment;
    if (fd !== undefined) attempt('a segment could not be closed', () => closeSync(fd));
    segment.fd = undefined;
    if (segment === active) active = undefined;
  }

  function discard(segment: Segment): void {
    closeFile(segment);
    segments.splice(segments.indexOf(segment), 1);
    attempt('a segment could not be removed', () => rmSync(segment.path));
  }

  function read<T>(segment: Segment, action: (fd: number) => T): T {
    if (segment.fd !== undefined) return action(segment.fd);
    const fd = openSync(segment.path, 'r');
    try {
      return action(fd);
    } finally {
      closeSync(fd);
    }
  }

  return {
    segments,
    read,
    append(record, storedAtMs, samples) {
      if (active && active.end + record.length > segmentBytes) retire(active);
      const taken = attempt('the disk did not take a record', () => {
        active ??= begin();
        writeFully(active.fd, record, active.end);
      });
      // A segment in which a write failed is not appended to again: half a record may be behind its end, if it can't be
      // cut off either, and the place may be a bad one.
      if (!taken && active) retire(active);
      if (!taken || !active) return false;
      if (active.records === 0) active.oldestMs = storedAtMs;
      active.newestMs = Math.max(active.newestMs, storedAtMs);
      active.end += record.length;
      active.records++;
      active.samples += samples;
      return true;
    },
    pass(segment, next, { records, samples }) {
      segment.start = next;
      segment.records -= records;
      segment.samples -= samples;
      segment.gone = { records: segment.gone.records + records, samples: segment.gone.samples + samples };
    },
    forget() {
      const done = segments.filter(({ records }) => records === 0);
      const head = segments.find(({ records }) => records > 0);
      // The position goes first: what is done stays done if the process ends before the files are removed.
      attempt('the position could not be stored; records may be delivered twice', () =>
        position.write(
          head
            ? { segment: head.number, offset: head.start, ...head.gone }
            : { segment: lastNumber + 1, offset: 0, records: 0, samples: 0 },
        ),
      );
      for (const segment of done) discard(segment);
      if (!head || head.start === 0) return;
      // What can't be read keeps the time of its predecessor; reading it for delivery fails too, and counts it.
      attempt('a record could not be read', () => {
        const header = read(head, (fd) => readHeader(fd, head.start, head.end));
        if (typeof header !== 'string') head.oldestMs = header.storedAtMs;
      });
    },
    cut(segment, at, kept) {
      Object.assign(segment, kept, { end: at });
      attempt('a damaged segment could not be cut', () => {
        if (kept.records > 0) segment.fd ??= openSync(segment.path, 'r+');
      });
      retire(segment);
    },
    close() {
      if (active) retire(active);
      position.close();
    },
  };
}
