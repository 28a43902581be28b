// Datagrams that overtook others wait for these a moment, in the order of their numbers: a number that is passed over is lost
// for good, since what is told of an agent's losses goes out with the next batch.

import type { Share } from './budget.ts';
import { difference } from './numbers.ts';

export interface Reorder {
  /**
   * @param last number that was taken
   * @returns whether a copy of it waits now
   */
  hold(sequence: number, last: number, datagram: Buffer): boolean;
  /** One of this number waits already. */
  has(sequence: number): boolean;
  /** @param all also what others are missing before @returns what to take next; undefined: nothing */
  next(last: number, all: boolean): Buffer | undefined;
  readonly full: boolean;
}

/** So many numbers ahead of the one that is missing. */
const AHEAD_MAX = 8;
/** Jumbo frames; what is longer does not wait. */
const DATAGRAM_BYTES_MAX = 9216;

/** @param share of datagrams that wait */
export function createReorder(share: Share): Reorder {
  let held: { sequence: number; datagram: Buffer }[] = [];
  return {
    hold(sequence, last, datagram) {
      const ahead = difference(sequence, last);
      if (ahead < 2 || ahead > AHEAD_MAX + 1 || datagram.length > DATAGRAM_BYTES_MAX) return false;
      if (!share.take()) return false;
      held.push({ sequence, datagram: Buffer.from(datagram) });
      held.sort((a, b) => difference(a.sequence, b.sequence));
      return true;
    },
    has: (sequence) => held.some((other) => other.sequence === sequence),
    next(last, all) {
      const first = held[0];
      if (!first || (!all && difference(first.sequence, last) > 1)) return undefined;
      held = held.slice(1);
      share.give();
      return first.datagram;
    },
    get full() {
      return held.length >= AHEAD_MAX;
    },
  };
}
