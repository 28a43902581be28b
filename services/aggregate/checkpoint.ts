// What the committed offset's metadata remembers, so that a restart emits no window twice and loses no sample. Pure.
//
// The committed offset is the lowest that an open window still needs. Up to readUpTo everything had been read: of those
// offsets only the windows listed want samples, each from its own first offset on; all others were emitted.

import type { Eviction } from './eviction.ts';
import { isSameKeySet, type KeySet, type PackedKeySet, packKeySet, unpackKeySet } from './key-set.ts';
import { type HighWater, openWindows, type Window, type WindowSet } from './windows.ts';

/** What is open of flows, or of one key set. */
export interface OpenWindows {
  closedUpToMs: number;
  /** Window start in ms → first offset that it needs. */
  open: Map<number, number>;
  /** Window start in ms → what went out of it before its time. */
  evictions: Map<number, Eviction[]>;
}

export interface Checkpoint extends OpenWindows {
  /** Commit this offset. */
  offset: number;
  readUpTo: number;
  /** Length of the windows of flows; older versions did not say it. */
  windowMs: number | undefined;
  /** High water before `offset`. */
  highWater: HighWater;
  summaries: (OpenWindows & { keySet: KeySet })[];
}

/** State of a window set from which the windows that are being emitted were taken out. */
export function makeCheckpoint(set: WindowSet, readUpTo: number, windowMs: number): Checkpoint {
  let offset = readUpTo;
  let highWater = set.highWater;
  for (const window of openWindows(set)) {
    if (window.firstOffset >= offset) continue;
    offset = window.firstOffset;
    highWater = window.highWater;
  }
  const summaries = set.summaries.map((each) => ({ keySet: each.keySet, ...openOf(each) }));
  return { offset, readUpTo, windowMs, highWater, ...openOf(set), summaries };
}

function openOf({ windows, closedUpToMs }: { windows: Map<number, Window>; closedUpToMs: number }): OpenWindows {
  const open = new Map<number, number>();
  const evictions = new Map<number, Eviction[]>();
  for (const window of windows.values()) {
    open.set(window.startMs, window.firstOffset);
    if (window.evictions.length > 0) evictions.set(window.startMs, [...window.evictions]);
  }
  return { closedUpToMs, open, evictions };
}

/** With as many open windows, key sets, and raw samples in as many partitions, a checkpoint fits into Kafka's 4096 bytes of metadata. */
export const OPEN_WINDOWS_MAX = 48;
export const KEY_SETS_MAX = 8;
export const RAW_PARTITIONS_MAX = 128;

/** Version 1, and 2 with evictions. */
interface FlowsOnly {
  v: number;
  r: number;
  /** Length of windows of flows, ms. */
  m?: number | undefined;
  c: number | null;
  w: [startMs: number, firstOffset: number][];
  h: [partition: number, offset: number][];
  /** First the window's place in w. */
  e?: number[][];
}

type PackedWindows = [closedUpToMs: number | null, startsAndOffsets: number[], evictions: number[][]];

/** Version 3, which has key sets: as much in less room. */
interface WithKeySets {
  v: number;
  r: number;
  /** Length of windows of flows, ms. */
  m?: number | undefined;
  /** By partition; 0: nothing seen. One more than the offset. */
  h: number[];
  f: PackedWindows;
  s: [...PackedKeySet, ...PackedWindows][];
}

/** Compact JSON. Who knows only older versions must not count twice: so each is as old as its content allows. */
export function encodeCheckpoint(checkpoint: Checkpoint): string {
  const { readUpTo: r, windowMs: m, highWater, summaries } = checkpoint;
  if (summaries.length === 0) return JSON.stringify(packFlows(checkpoint));
  const h = Array.from({ length: Math.max(-1, ...highWater.keys()) + 1 }, (_, each) => (highWater.get(each) ?? -1) + 1);
  const s = summaries.map((each) => [...packKeySet(each.keySet), ...packWindows(each)]);
  return JSON.stringify({ v: 3, r, m, h, f: packWindows(checkpoint), s });
}

function packFlows(checkpoint: Checkpoint): FlowsOnly {
  const { closedUpToMs, open, highWater, readUpTo: r, windowMs: m } = checkpoint;
  const e = packEvictions(checkpoint);
  const c = Number.isFinite(closedUpToMs) ? closedUpToMs : null;
  return { v: e.length > 0 ? 2 : 1, r, m, c, w: [...open], h: [...highWater], ...(e.length > 0 ? { e } : {}) };
}

function packWindows(windows: OpenWindows): PackedWindows {
  const { closedUpToMs, open } = windows;
  return [Number.isFinite(closedUpToMs) ? closedUpToMs : null, [...open].flat(), packEvictions(windows)];
}

function packEvictions({ open, evictions }: OpenWindows): number[][] {
  const starts = [...open.keys()];
  return [...evictions].map(([startMs, all]) => [
    starts.indexOf(startMs),
    ...all.flatMap(({ offset, upTo }) => [offset, upTo]),
  ]);
}

/**
 * @param keySets of the configuration: the checkpoint's are these where they are the same
 * @throws {Error} on metadata of another version: better stop than count twice
 */
export function decodeCheckpoint(offset: string, metadata: string, keySets: readonly KeySet[] = []): Checkpoint {
  const value = JSON.parse(metadata) as FlowsOnly | WithKeySets;
  const common = { offset: Number(offset), readUpTo: value.r, windowMs: value.m };
  if (value.v === 3) {
    const { h, f, s } = value as WithKeySets;
    const highWater = new Map(h.flatMap((next, partition) => (next > 0 ? [[partition, next - 1] as const] : [])));
    const summaries = s.map(([name, windowMs, fields, prefixV4, prefixV6, ...windows]) => {
      const keySet = unpackKeySet([name, windowMs, fields, prefixV4, prefixV6]);
      return { keySet: keySets.find((each) => isSameKeySet(each, keySet)) ?? keySet, ...unpackWindows(windows) };
    });
    return { ...common, ...unpackWindows(f), highWater, summaries };
  }
  if (value.v !== 1 && value.v !== 2) throw new Error(`checkpoint version ${value.v} is not known`);
  const { c, w, e = [], h } = value as FlowsOnly;
  return { ...common, ...unpackWindows([c, w.flat(), e]), highWater: new Map(h), summaries: [] };
}

function unpackWindows([closedUpToMs, startsAndOffsets, evictions]: PackedWindows): OpenWindows {
  const pairs = pairsOf(startsAndOffsets);
  return {
    closedUpToMs: closedUpToMs ?? -Infinity,
    open: new Map(pairs),
    evictions: new Map(
      evictions.map(([place = 0, ...rest]) => [
        pairs[place]?.[0] ?? 0,
        pairsOf(rest).map(([offset, upTo]) => ({ offset, upTo })),
      ]),
    ),
  };
}

function pairsOf(numbers: readonly number[]): [number, number][] {
  return numbers.flatMap((second, index) => (index % 2 === 1 ? [[numbers[index - 1] as number, second]] : []));
}

/** Whether a window of flows, or of a key set, still needs the samples read at this offset. */
export function isWanted(
  checkpoint: Checkpoint | undefined,
  offset: number,
  windowStartMs: number,
  keySet?: KeySet,
): boolean {
  if (!checkpoint || offset >= checkpoint.readUpTo) return true;
  const windows = keySet ? checkpoint.summaries.find((each) => each.keySet === keySet) : checkpoint;
  // A key set that is new begins where reading had ended.
  const firstOffset = windows?.open.get(windowStartMs);
  return firstOffset !== undefined && offset >= firstOffset;
}
