// Batches that an agent sent twice: Kafka had stored one but its answer was lost (a broker that died, a connection that
// broke), so capture sent it again. An agent numbers its batches without gaps, so the numbers seen are a few intervals.
// Pure. Known since the partition was assigned: see docs/explanation/delivery.md for what that leaves open.

import type { SampleBatch } from '@tcxflow/schemas/generated.ts';

/** [first, last] of numbers seen, in order, none touching another. */
type Intervals = [first: number, last: number][];

/** More than these are only there when an agent's batches are lost all the time: then the oldest are forgotten. */
const INTERVALS_MAX = 1000;
/** Starts of agents. The one that was silent for longest is forgotten first. */
const BOOTS_MAX = 20_000;

export interface SeenBatches {
  /** @returns whether it was there before; from now on it is */
  isRepeated(batch: Pick<SampleBatch, 'agent' | 'bootId' | 'batchSequence'>): boolean;
}

export function createSeenBatches(): SeenBatches {
  const boots = new Map<string, Intervals>();
  return {
    isRepeated({ agent, bootId, batchSequence }) {
      const key = `${bootId.toString('latin1')}${agent}`;
      const intervals = boots.get(key) ?? [];
      // Put in again: a Map keeps the order in which its keys came.
      boots.delete(key);
      boots.set(key, intervals);
      for (const oldest of boots.keys()) {
        if (boots.size <= BOOTS_MAX) break;
        boots.delete(oldest);
      }
      return !insert(intervals, batchSequence);
    },
  };
}

/** @returns false when it was in one of them */
function insert(intervals: Intervals, value: number): boolean {
  // New numbers come at the end nearly always.
  let index = intervals.length;
  while (index > 0 && (intervals[index - 1]?.[0] ?? 0) > value) index--;
  const before = intervals[index - 1];
  const after = intervals[index];
  if (before && value <= before[1]) return false;
  const joinsBefore = before?.[1] === value - 1;
  const joinsAfter = after?.[0] === value + 1;
  if (before && joinsBefore && after && joinsAfter) {
    before[1] = after[1];
    intervals.splice(index, 1);
  } else if (before && joinsBefore) before[1] = value;
  else if (after && joinsAfter) after[0] = value;
  else intervals.splice(index, 0, [value, value]);
  if (intervals.length > INTERVALS_MAX) intervals.shift();
  return true;
}
