// Too many flows in the newest window: those of fewest samples go out before their time, those that matter stay. Pure.
//
// A restart reads the window's samples again, and must leave out what went out already. What goes is therefore said by two
// numbers that the checkpoint has room for: an offset, and a number of samples. The same samples up to the same offset make the
// same flows, of which the same are taken out.

import { Double, type Rows } from './flow-row.ts';
import { chunkOf, createRowTable, findOrAdd, wordOf } from './row-table.ts';
import { FLOW_AT } from './summary-row.ts';
import { openWindows, type Window, type WindowSet } from './windows.ts';

export interface Eviction {
  /** When everything before this offset was in the window, */
  offset: number;
  /** its flows of at most so many samples went out. */
  upTo: number;
}

/** In all open windows: more have no place in the checkpoint. */
export const EVICTIONS_MAX = 12;
/** Where half of the flows have more samples than this, it is the window that is too large, not its small flows that are too many. */
export const UP_TO_MAX = 255;

/** @returns undefined when it is better to emit the window as a whole */
export function chooseEviction(set: WindowSet, window: Window, offset: number): Eviction | undefined {
  let evictions = 0;
  for (const open of openWindows(set)) evictions += open.evictions.length;
  if (evictions >= EVICTIONS_MAX) return undefined;
  const flowsOf = new Float64Array(UP_TO_MAX + 1);
  for (let row = 0; row < window.flows.count; row++) {
    const samples = samplesOf(window, chunkOf(window.flows, row), wordOf(window.flows, row));
    if (samples <= UP_TO_MAX) flowsOf[Math.max(0, samples)] = (flowsOf[Math.max(0, samples)] as number) + 1;
  }
  let flows = 0;
  for (let upTo = 0; upTo <= UP_TO_MAX; upTo++) {
    flows += flowsOf[upTo] as number;
    if (flows === window.flows.count) return undefined;
    if (flows * 2 >= window.flows.count) return { offset, upTo };
  }
  return undefined;
}

/** Takes them out. @returns a window of those taken out */
export function evict(window: Window, eviction: Eviction): Window {
  const { flows } = window;
  const smallest = { ...window, flows: createRowTable(flows.rowWords, flows.keyWords) };
  window.flows = createRowTable(flows.rowWords, flows.keyWords);
  for (let row = 0; row < flows.count; row++) {
    const rows = chunkOf(flows, row);
    const at = wordOf(flows, row);
    findOrAdd(samplesOf(window, rows, at) <= eviction.upTo ? smallest.flows : window.flows, rows.ints, at);
  }
  window.evictions.push(eviction);
  return smallest;
}

/** Reading again: takes out what had gone out when everything before `offset` had been read. */
export function evictAgain(windows: Map<number, Window>, evictions: Map<number, Eviction[]>, offset: number): void {
  for (const [startMs, ofWindow] of evictions) {
    const window = windows.get(startMs);
    while (ofWindow[0] && ofWindow[0].offset <= offset) {
      const eviction = ofWindow.shift() as Eviction;
      if (window) evict(window, eviction);
    }
  }
}

function samplesOf({ keySet }: Window, { doubles }: Rows, at: number): number {
  return doubles[((keySet ? at + FLOW_AT : at) >>> 1) + Double.samples] as number;
}
