// Waiting for what comes about by itself. Tests say what they wait for, never how long it takes: machines differ.

import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 50;

/** @param what ends the sentence "not within 90 s: …" @returns the first value that is neither undefined nor false @throws {Error} there is none in time */
export async function until<T>(
  what: string,
  read: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 90_000,
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; await sleep(LOOK_MS)) {
    const value = await read();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
  }
}
