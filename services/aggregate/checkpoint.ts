// What the committed offset's metadata remembers, so that a restart emits no window twice and loses no sample. Pure.
//
// The committed offset is the lowest that an open window still needs. Up to readUpTo everything had been read: of those
// offsets only the windows listed want samples, each from its own first offset on; all others were emitted.

import type { HighWater, WindowSet } from './windows.ts';

export interface Checkpoint {
  /** Commit this offset. */
  offset: number;
  readUpTo: number;
  closedUpToMs: number;
  /** Window start in ms → first offset that it needs. */
  open: Map<number, number>;
  /** High water before `offset`. */
  highWater: HighWater;
}

/** State of a window set from which the windows that are being emitted were taken out. */
export function makeCheckpoint(set: WindowSet, readUpTo: number): Checkpoint {
  let offset = readUpTo;
  let highWater = set.highWater;
  const open = new Map<number, number>();
  for (const window of set.windows.values()) {
    open.set(window.startMs, window.firstOffset);
    if (window.firstOffset < offset) {
      offset = window.firstOffset;
      highWater = window.highWater;
    }
  }
  return { offset, readUpTo, closedUpToMs: set.closedUpToMs, open, highWater };
}

/** With as many open windows, and raw samples in as many partitions, a checkpoint fits into Kafka's 4096 bytes of metadata. */
export const OPEN_WINDOWS_MAX = 48;
export const RAW_PARTITIONS_MAX = 128;

/** Compact JSON. */
export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify({
    v: 1,
    r: checkpoint.readUpTo,
    c: Number.isFinite(checkpoint.closedUpToMs) ? checkpoint.closedUpToMs : null,
    w: [...checkpoint.open],
    h: [...checkpoint.highWater],
  });
}

/** @throws {Error} on metadata of another version: better stop than count twice */
export function decodeCheckpoint(offset: string, metadata: string): Checkpoint {
  const value = JSON.parse(metadata) as {
    v: number;
    r: number;
    c: number | null;
    w: [number, number][];
    h: [number, number][];
  };
  if (value.v !== 1) throw new Error(`checkpoint version ${value.v} is not known`);
  return {
    offset: Number(offset),
    readUpTo: value.r,
    closedUpToMs: value.c ?? -Infinity,
    open: new Map(value.w),
    highWater: new Map(value.h),
  };
}

/** Whether a window still needs the samples read at this offset. */
export function isWanted(checkpoint: Checkpoint | undefined, offset: number, windowStartMs: number): boolean {
  if (!checkpoint || offset >= checkpoint.readUpTo) return true;
  const firstOffset = checkpoint.open.get(windowStartMs);
  return firstOffset !== undefined && offset >= firstOffset;
}
