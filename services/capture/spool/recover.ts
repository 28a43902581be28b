// What an earlier process left in the folder, read once from end to end when the spool is opened: one record in memory at
// a time, and no more work than there are bytes.

import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@tcxflow/common/logger.ts';
import { NOTHING_DONE, type Position } from './position.ts';
import { type Count, parseSegmentName, type Segment, scanSegment, seal } from './segment.ts';

type Lost = (cause: 'spool_corrupt' | 'disk_error', lost: Count) => void;

/**
 * @param lost called for what can't be read back
 * @returns segments in order, none of them empty; nothing more is appended to these
 * @throws what the file system says when a file can't be opened or removed
 */
export function recoverSegments(folder: string, done: Position, lost: Lost, log: Logger): Segment[] {
  const segments: Segment[] = [];
  for (const { name, number, total } of listSegments(folder)) {
    const path = join(folder, name);
    const segment = number < done.segment ? undefined : recoverSegment(path, number, total);
    if (segment) segments.push(segment);
    else rmSync(path);
  }
  return segments;

  function recoverSegment(path: string, number: number, total: Count | undefined): Segment | undefined {
    const { offset: start, records, samples } = number === done.segment ? done : NOTHING_DONE;
    const gone = { records, samples };
    const expected = total && { records: total.records - records, samples: total.samples - samples };
    const fd = openSync(path, 'r+');
    try {
      const { kept, lost: damage, tornBytes, ...scan } = scanSegment(fd, start, expected);
      if (damage) lost(damage.cause, damage);
      if (tornBytes > 0)
        log.warn({ path, bytes: tornBytes }, 'spool: cut off what was being written when the process ended');
      if (kept.records === 0) return undefined;
      const segment: Segment = { number, path, fd: undefined, start, gone, ...kept, ...scan };
      if (!total || damage || tornBytes > 0) trySeal(segment, fd);
      return segment;
    } finally {
      closeSync(fd);
    }
  }

  function trySeal(segment: Segment, fd: number): void {
    try {
      seal(segment, fd);
    } catch (error) {
      // The disk is full or failing: records can be read all the same, and the next start tries again.
      log.warn({ path: segment.path, err: error }, 'spool: a segment could not be closed');
    }
  }
}

function listSegments(folder: string): { name: string; number: number; total?: Count }[] {
  const found = readdirSync(folder).flatMap((name) => {
    const parsed = parseSegmentName(name);
    return parsed ? [{ name, ...parsed }] : [];
  });
  return found.sort((a, b) => a.number - b.number);
}
