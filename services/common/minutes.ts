// The minute of the clock that a sample belongs to, by its own time: what every stage counts by. Pure.

import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { forEachSample, openRawBatch, type RawBatch } from './raw-batch.ts';

const MINUTE_MS = 60_000;
const MINUTE_NS = 60e9;
/** ClickHouse's DateTime ends in 2106; times that somebody made up must not end a worker. */
const LATEST_MS = Math.floor((2 ** 32 - 1) / 60) * MINUTE_MS;

export interface MinuteCounter {
  /** Begins anew. @param baseTimeNs what the offsets count from, since 1970 */
  begin(baseTimeNs: bigint): void;
  add(timeOffsetNs: number, samples: number): void;
  /** Start of the minute in ms since 1970 → samples. */
  counts(): Map<number, number>;
}

/** @returns the start of a sample's minute in ms since 1970 */
export function minuteOf(baseTimeNs: bigint, timeOffsetNs: number): number {
  const { startMs, restNs } = startOf(baseTimeNs);
  return bounded(startMs + Math.floor((restNs + timeOffsetNs) / MINUTE_NS) * MINUTE_MS);
}

function startOf(baseTimeNs: bigint): { startMs: number; restNs: number } {
  const startMs = Math.floor(Number(baseTimeNs / 1_000_000n) / MINUTE_MS) * MINUTE_MS;
  return { startMs, restNs: Number(baseTimeNs - BigInt(startMs) * 1_000_000n) };
}

function bounded(minuteMs: number): number {
  return Math.max(0, Math.min(LATEST_MS, minuteMs));
}

export function createMinuteCounter(): MinuteCounter {
  let counts = new Map<number, number>();
  let base = { startMs: 0, restNs: 0 };
  /** Of the minute at hand: samples come in order nearly always. */
  let fromNs = 0;
  let untilNs = 0;
  let samples = 0;

  function settle(): void {
    if (samples === 0) return;
    const minuteMs = bounded(base.startMs + Math.round((fromNs + base.restNs) / MINUTE_NS) * MINUTE_MS);
    counts.set(minuteMs, (counts.get(minuteMs) ?? 0) + samples);
    samples = 0;
  }

  return {
    begin(baseTimeNs) {
      counts = new Map();
      base = startOf(baseTimeNs);
      samples = 0;
      fromNs = 0;
      untilNs = 0;
    },
    add(timeOffsetNs, count) {
      if (timeOffsetNs < fromNs || timeOffsetNs >= untilNs) {
        settle();
        fromNs = Math.floor((timeOffsetNs + base.restNs) / MINUTE_NS) * MINUTE_NS - base.restNs;
        untilNs = fromNs + MINUTE_NS;
      }
      samples += count;
    },
    counts() {
      settle();
      return counts;
    },
  };
}

/** What can be read of a raw batch that is broken: undefined when not even its head. */
export function countReadable(message: Buffer | null): { batch: RawBatch; counts: Map<number, number> } | undefined {
  const counter = createMinuteCounter();
  let batch: RawBatch;
  let current: Buffer;
  try {
    current = sampleBatchCodec.current(message);
    batch = openRawBatch(current);
  } catch {
    return undefined; // whoever asks knows already why
  }
  counter.begin(batch.baseTimeNs);
  try {
    forEachSample(current, batch, ({ timeOffsetNs, sampleCount }) => counter.add(timeOffsetNs, sampleCount));
  } catch {
    // What comes before the place where it is broken was counted.
  }
  return { batch, counts: counter.counts() };
}
