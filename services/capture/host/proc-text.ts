// What the readers of /proc and /sys share. The kernel ends every line; what stands behind the last line end was cut off,
// and half a number would be a wrong number, so it is not read. Names may be any bytes: nothing here depends on them.

import { readFileSync } from 'node:fs';

/** 9 PB: the largest integer that a double and avsc's long hold exactly. Counters stop there, as those of interfaces do. */
export const COUNTER_MAX = 2 ** 53 - 2;

/** @returns the text of a file; undefined when it cannot be read, which leaves null in the record */
export function readText(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | undefined {
  try {
    return readFileSync(path, encoding);
  } catch {
    return undefined;
  }
}

/** The lines that end. */
export function wholeLines(text: string): string[] {
  const lines = text.split('\n');
  lines.pop();
  return lines;
}

/** The words of a line. */
export function words(line: string): string[] {
  return line.split(/[ \t]+/).filter((word) => word !== '');
}

/** A counter that is written in digits; null for anything else. */
export function counter(word: string | undefined): number | null {
  return word !== undefined && /^\d+$/.test(word) ? bounded(Number(word)) : null;
}

/** A number with or without a fraction; null for anything else. */
export function decimal(word: string | undefined): number | null {
  return word !== undefined && /^\d+(\.\d+)?$/.test(word) ? bounded(Number(word)) : null;
}

export function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : bounded(value * factor);
}

export function bounded(value: number): number {
  return Math.min(COUNTER_MAX, value);
}

/** "name: 12 kB" or "name 12" → 12, for every line (/proc/meminfo, /proc/vmstat). */
export function namedCounters(text: string): (name: string) => number | null {
  const values = new Map<string, number | null>();
  for (const line of wholeLines(text)) {
    const [name = '', value] = words(line);
    values.set(name.replace(/:$/, ''), counter(value));
  }
  return (name) => values.get(name) ?? null;
}
