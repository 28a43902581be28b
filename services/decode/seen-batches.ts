// Batches that an agent sent twice: Kafka had stored one but its answer was lost (a broker that died, a connection that
// broke), so capture sent it again. An agent numbers its batches without gaps, so the numbers seen are a few intervals.
// Pure. What was seen goes into the commit metadata, so that the next owner of the partition knows it: an answer is lost when
// Kafka dies, and that is when workers lose their partitions too.

import { hash } from 'node:crypto';
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
  /** Commit metadata: the agents that were heard last, of each the newest numbers, as many as there is room for. */
  encode(): string;
}

/** Kafka takes 4096 bytes: at 25 bytes an agent without gaps, 150 agents in a partition. */
const METADATA_BYTES_MAX = 3800;
const METADATA_INTERVALS_MAX = 20;
const KEY_LENGTH = 12;

/**
 * @param metadata of the offset that reading begins with; '' = nothing is known
 * @throws {Error} on metadata of another version: better stop than count twice
 */
export function createSeenBatches(metadata = ''): SeenBatches {
  const boots = decodeBoots(metadata);
  return {
    isRepeated({ agent, bootId, batchSequence }) {
      const key = hash('sha1', `${bootId.toString('hex')}${agent}`, 'base64url').slice(0, KEY_LENGTH);
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
    encode: () => encodeBoots(boots),
  };
}

/** [key, first, last, first, last, …] for each start of an agent, the one heard last first. */
type Entry = [key: string, ...numbers: number[]];

function encodeBoots(boots: ReadonlyMap<string, Intervals>): string {
  const entries: string[] = [];
  let bytes = '{"v":1,"b":[]}'.length;
  for (const [key, intervals] of [...boots].reverse()) {
    const entry: Entry = [key, ...intervals.slice(-METADATA_INTERVALS_MAX).flat()];
    const text = JSON.stringify(entry);
    bytes += text.length + 1;
    if (bytes > METADATA_BYTES_MAX) break;
    entries.push(text);
  }
  return `{"v":1,"b":[${entries.join(',')}]}`;
}

function decodeBoots(metadata: string): Map<string, Intervals> {
  if (metadata === '') return new Map();
  const { v, b } = JSON.parse(metadata) as { v: number; b: Entry[] };
  if (v !== 1) throw new Error(`commit metadata version ${v} is not known`);
  return new Map(b.reverse().map(([key, ...numbers]) => [key, pairs(numbers)]));
}

function pairs(numbers: readonly number[]): Intervals {
  return numbers.flatMap((last, index) => (index % 2 === 1 ? [[numbers[index - 1] as number, last]] : [])) as Intervals;
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
