// What the committed offset's metadata remembers, so that a restart emits no window twice and loses no sample. Pure.
//
// The committed offset is the lowest that an open window still needs. Up to readUpTo everything had been read: of those
// offsets only the windows listed want samples, each from its own first offset on; all others were emitted.

import type { Eviction } from './eviction.ts';
import type { HighWater, WindowSet } from './windows.ts';

export interface Checkpoint {
  /** Commit this offset. */
  offset: number;
  readUpTo: number;
  closedUpToMs: number;
  /** Window start in ms → first offset that it needs. */
  open: Map<number, number>;
  /** Window start in ms → what went out of it before its time. */
  evictions: Map<number, Eviction[]>;
  /** High water before `offset`. */
  highWater: HighWater;
}

/** State of a window set from which the windows that are being emitted were taken out. */
export function makeCheckpoint(set: WindowSet, readUpTo: number): Checkpoint {
  let offset = readUpTo;
  let highWater = set.highWater;
  const open = new Map<number, number>();
  const evictions = new Map<number, Eviction[]>();
  for (const window of set.windows.values()) {
    open.set(window.startMs, window.firstOffset);
    if (window.evictions.length > 0) evictions.set(window.startMs, [...window.evictions]);
    if (window.firstOffset < offset) {
      offset = window.firstOffset;
      highWater = window.highWater;
    }
  }
  return { offset, readUpTo, closedUpToMs: set.closedUpToMs, open, evictions, highWater };
}

/** With as many open windows, and raw samples in as many partitions, a checkpoint fits into Kafka's 4096 bytes of metadata. */
export const OPEN_WINDOWS_MAX = 48;
export const RAW_PARTITIONS_MAX = 128;

/** Compact JSON. Version 2 is version 1 with evictions: who knows only that one must not count them twice. */
export function encodeCheckpoint(checkpoint: Checkpoint): string {
  const starts = [...checkpoint.open.keys()];
  const evictions = [...checkpoint.evictions].map(([startMs, all]) => [
    starts.indexOf(startMs),
    ...all.flatMap(({ offset, upTo }) => [offset, upTo]),
  ]);
  return JSON.stringify({
    v: evictions.length > 0 ? 2 : 1,
    r: checkpoint.readUpTo,
    c: Number.isFinite(checkpoint.closedUpToMs) ? checkpoint.closedUpToMs : null,
    w: [...checkpoint.open],
    h: [...checkpoint.highWater],
    ...(evictions.length > 0 ? { e: evictions } : {}),
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
    /** First the window's place in w. */
    e?: number[][];
  };
  if (value.v !== 1 && value.v !== 2) throw new Error(`checkpoint version ${value.v} is not known`);
  return {
    offset: Number(offset),
    readUpTo: value.r,
    closedUpToMs: value.c ?? -Infinity,
    open: new Map(value.w),
    evictions: new Map((value.e ?? []).map(([place = 0, ...pairs]) => [value.w[place]?.[0] ?? 0, evictionsOf(pairs)])),
    highWater: new Map(value.h),
  };
}

/** @param pairs offset and number of samples, in turn */
function evictionsOf(pairs: readonly number[]): Eviction[] {
  return pairs.flatMap((upTo, index) => (index % 2 === 1 ? [{ offset: pairs[index - 1] as number, upTo }] : []));
}

/** Whether a window still needs the samples read at this offset. */
export function isWanted(checkpoint: Checkpoint | undefined, offset: number, windowStartMs: number): boolean {
  if (!checkpoint || offset >= checkpoint.readUpTo) return true;
  const firstOffset = checkpoint.open.get(windowStartMs);
  return firstOffset !== undefined && offset >= firstOffset;
}
