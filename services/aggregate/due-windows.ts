// Which windows go out: those that have ended, and so many others that memory and the checkpoint stay bounded. Pure.

import { ROW_BYTES, TUNNEL_WORDS } from './flow-row.ts';
import type { KeySet } from './key-set.ts';
import { openWindows, type Window, type WindowSet } from './windows.ts';

/** In flows: also what belongs to them counts, as somebody could make much of it. */
export function sizeOf({ flows, tunnels, points, origins, names }: Window): number {
  const bytes = tunnels.count * TUNNEL_WORDS * 4 + points.bytes + origins.bytes + names.bytes;
  return flows.count + Math.floor(bytes / ROW_BYTES);
}

/**
 * Windows that end at or before the watermark, oldest first; and when more than the bounds stay open, the oldest of those, but for
 * the newest of flows and of each key set, when there are too many flows. That is never wrong, as samples that come later make a
 * further record.
 * @param retired of these all windows are due; undefined: of flows
 */
export function dueWindows(
  set: WindowSet,
  watermarkMs: number,
  bounds: { windows: number; flows: number } = { windows: Infinity, flows: Infinity },
  retired: readonly (KeySet | undefined)[] = [],
): Window[] {
  const endOf = ({ keySet, startMs, windowMs }: Window) => (retired.includes(keySet) ? -Infinity : startMs + windowMs);
  const byAge = openWindows(set).sort((a, b) => endOf(a) - endOf(b));
  const newest = new Map(byAge.map((window) => [window.keySet, window]));
  const open = byAge.filter((window) => endOf(window) > watermarkMs);
  let windows = open.length;
  let flows = 0;
  for (const window of open) flows += sizeOf(window);
  return byAge.filter((window) => {
    if (endOf(window) <= watermarkMs) return true;
    if (windows <= bounds.windows && (flows <= bounds.flows || newest.get(window.keySet) === window)) return false;
    windows--;
    flows -= sizeOf(window);
    return true;
  });
}
