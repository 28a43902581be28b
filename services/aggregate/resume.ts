// A window set as a checkpoint left it, for who reads again: which windows still want what, and what had gone out of them. Pure.

import { type Checkpoint, isWanted } from './checkpoint.ts';
import { type Eviction, evictAgain } from './eviction.ts';
import type { KeySet } from './key-set.ts';
import { createSummarySet, type SummarySet } from './summaries.ts';
import { createWindowSet, type Wanted, type WindowSet } from './windows.ts';

export interface Resumed {
  set: WindowSet;
  /** What the configuration has no more: its windows go out as soon as they are whole again. */
  retired: readonly KeySet[];
  /** Of messages at this offset. */
  wantedAt(offset: number): Wanted;
  /** Takes out what had gone out when everything before this offset had been read. */
  evictAgain(offset: number): void;
}

/** @param keySets of the configuration, the same objects as in the checkpoint */
export function resume(checkpoint: Checkpoint | undefined, keySets: readonly KeySet[]): Resumed {
  const summaries = checkpoint?.summaries ?? [];
  const retired = summaries.map(({ keySet }) => keySet).filter((keySet) => !keySets.includes(keySet));
  const set = createWindowSet(new Map(checkpoint?.highWater), keySets);
  set.summaries.push(...retired.map(createSummarySet));
  set.closedUpToMs = checkpoint?.closedUpToMs ?? -Infinity;

  const evictions: [of: WindowSet | SummarySet, evictions: Map<number, Eviction[]>][] = [];
  if (checkpoint) evictions.push([set, new Map(checkpoint.evictions)]);
  for (const summary of set.summaries) {
    const before = summaries.find(({ keySet }) => keySet === summary.keySet);
    if (!before) continue;
    summary.closedUpToMs = before.closedUpToMs;
    evictions.push([summary, new Map(before.evictions)]);
  }

  return {
    set,
    retired,
    wantedAt: (offset) => (startMs, keySet) => {
      if (keySet && checkpoint && offset >= checkpoint.readUpTo && retired.includes(keySet)) return false;
      return isWanted(checkpoint, offset, startMs, keySet);
    },
    evictAgain(offset) {
      for (const [{ windows }, ofWindows] of evictions) evictAgain(windows, ofWindows, offset);
    },
  };
}

/** Of flows, or of a key set. */
export function setOf(set: WindowSet, keySet: KeySet | undefined): WindowSet | SummarySet {
  return set.summaries.find((each) => each.keySet === keySet) ?? set;
}
