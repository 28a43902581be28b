// Numbers of the wire have 32 bits and begin anywhere; those of the topics are cumulative from the boot id on.

/** Sums of the topics stay exact; honest counters do not come here, and others must not break a message. */
export const TOTAL_MAX = 2 ** 51;
/** Sequences that went back by more than this are a restart, by less a datagram that was overtaken. */
const LATE_MAX = 1000;
/** Sequences that went ahead by more say nothing of losses. */
const JUMP_MAX = 1_000_000;

/** a - b, modulo 2^32, from -2^31 on. */
export function difference(a: number, b: number): number {
  return (a - b) | 0;
}

export interface Growing {
  last: number;
  total: number;
}

/** A counter of 32 bits as one that does not wrap. */
export function grow(counter: Growing, value: number): number {
  counter.total = Math.min(TOTAL_MAX, counter.total + ((value - counter.last) >>> 0));
  counter.last = value;
  return counter.total;
}

/** What a number is after another: so many are missing before it; 0: none. Below 0: */
export type Step = number;
export const REPEATED: Step = -1;
/** Of a datagram that was overtaken. */
export const LATE: Step = -2;
export const RESTARTED: Step = -3;

export function stepTo(last: number, next: number): Step {
  const ahead = difference(next, last);
  if (ahead > 0) return ahead > JUMP_MAX ? RESTARTED : ahead - 1;
  if (ahead === 0) return REPEATED;
  return ahead >= -LATE_MAX && next !== 1 ? LATE : RESTARTED;
}
