// Spreads datagrams in time: each has its turn, one interval after the one before. What would wait longer than a second is
// not taken, which bounds the queue too.

import { performance } from 'node:perf_hooks';

export interface Pace {
  /** @returns false: it would wait too long, and is not taken */
  push(datagram: Buffer): boolean;
  /** Datagrams whose turn has not come. */
  readonly waiting: number;
  /** Resolves when none waits any more. */
  drained(): Promise<void>;
  /** Gives up those that wait. @returns how many */
  stop(): number;
}

/** No longer than sFlow version 5 lets a sample wait at its agent. */
export const MAX_WAIT_MS = 1000;

interface Turn {
  datagram: Buffer;
  dueMs: number;
}

/** @param maxPerS on average from one turn to the next; after a pause of this process those that were due go together */
export function createPace(
  maxPerS: number,
  send: (datagram: Buffer) => void,
  clock: () => number = () => performance.now(),
): Pace {
  const intervalMs = 1000 / maxPerS;
  let turns: Turn[] = [];
  /** Index of the first that waits. */
  let first = 0;
  let nextMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let onEmpty: (() => void)[] = [];

  function onTimer(): void {
    const nowMs = clock();
    for (let turn = turns[first]; turn && turn.dueMs <= nowMs; turn = turns[first]) {
      first++;
      send(turn.datagram);
    }
    const next = turns[first];
    timer = next && setTimeout(onTimer, Math.max(1, next.dueMs - nowMs));
    if (first * 2 >= turns.length) {
      turns = turns.slice(first);
      first = 0;
    }
    if (next) return;
    const ready = onEmpty;
    onEmpty = [];
    for (const go of ready) go();
  }

  return {
    push(datagram) {
      const nowMs = clock();
      const dueMs = Math.max(nowMs, nextMs);
      if (dueMs - nowMs > MAX_WAIT_MS) return false;
      nextMs = dueMs + intervalMs;
      if (!timer && dueMs <= nowMs) {
        send(datagram);
        return true;
      }
      turns.push({ datagram, dueMs });
      timer ??= setTimeout(onTimer, Math.max(1, dueMs - nowMs));
      return true;
    },
    get waiting() {
      return turns.length - first;
    },
    stop() {
      clearTimeout(timer);
      const given = turns.length - first;
      turns = [];
      first = 0;
      return given;
    },
    async drained() {
      if (first < turns.length) await new Promise<void>((go) => onEmpty.push(go));
    },
  };
}
