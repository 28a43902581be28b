// What deviates, by how much, and what happened around it.

import type { Deviation } from './check.ts';
import type { Event } from './inject.ts';

const SHOWN = 20;
const MINUTE_MS = 60_000;
/** A sample of a minute may be on its way for so long before and after it. */
const BEFORE_MS = 10_000;
const AFTER_MS = 90_000;

export function reportDeviations(deviations: readonly Deviation[], events: readonly Event[]): string[] {
  const lines: string[] = [];
  const minutes = new Set<number>();
  for (const { where, what, differences } of deviations) {
    if (what) lines.push(`${where}: ${what}`);
    if (differences.length === 0) continue;
    const samples = differences.reduce((sum, { off }) => sum + off.samples, 0);
    lines.push(`${where}: ${differences.length} keys deviate, by ${signed(samples)} samples in all`);
    for (const { key, off } of differences.slice(0, SHOWN))
      lines.push(
        `  ${key}: ${signed(off.samples)} samples, ${signed(off.packets)} packets, ${signed(off.bytes)} bytes`,
      );
    if (differences.length > SHOWN) lines.push(`  … and ${differences.length - SHOWN} more`);
    // Keys begin with their time; that of the flows is the minute.
    if (where.includes('flows.') || where === 'flows')
      for (const { key } of differences) minutes.add(parseInt(key, 10));
  }
  for (const minute of [...minutes].sort((a, b) => a - b)) {
    const near = events.filter(
      ({ startedMs, endedMs }) => endedMs > minute - BEFORE_MS && startedMs < minute + MINUTE_MS + AFTER_MS,
    );
    lines.push(`faults around the minute ${new Date(minute).toISOString().slice(11, 16)}:`);
    for (const { what, startedMs, endedMs, note } of near)
      lines.push(`  ${timeOf(startedMs)} to ${timeOf(endedMs)}: ${what}${note ? ` (${note})` : ''}`);
  }
  return lines;
}

const signed = (value: number) => (value > 0 ? `+${value}` : String(value));
const timeOf = (ms: number) => new Date(ms).toISOString().slice(11, 23);
