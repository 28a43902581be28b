// Rows of captured: what a raw batch shows of each measuring point, by minute. Whatever a stage says, the numbers that samples
// have from the kernel on tell what is missing.

import { minuteOf } from '@tcxflow/common/minutes.ts';
import { forEachSample, openRawBatch, type RawBatch } from '@tcxflow/common/raw-batch.ts';
import { SchemaError } from '@tcxflow/schemas/avro.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { millisecondsText, type Position, whole } from './text.ts';

/** Of a batch's sources. What somebody made up is not to become a million rows: it then counts with the minute before. */
const MINUTES_MAX = 10_000;

/** Sequence numbers of one source and minute as intervals. */
interface Seen {
  source: number;
  minuteMs: number;
  firsts: number[];
  lasts: number[];
  oldestNs: number;
  newestNs: number;
}

/**
 * What can be read of a batch is counted, also of one that is broken: decode sends it to the dead letters, and says so.
 * @returns a row for each source that has samples, and minute; for a batch without samples one for each source
 */
export function capturedRows(message: Buffer | null, position: Position): object[] {
  let batch: RawBatch;
  let value: Buffer;
  try {
    value = sampleBatchCodec.current(message);
    batch = openRawBatch(value);
  } catch (error) {
    if (error instanceof SchemaError) return []; // as above
    throw error;
  }
  const seen = readSequences(value, batch);
  if (seen.length === 0) return batch.sources.map((_, source) => rowOf(batch, stateOf(batch, source), position));
  return seen.map((each) => rowOf(batch, ordered(each), position));
}

function readSequences(message: Buffer, batch: RawBatch): Seen[] {
  const all = new Map<number, Seen>();
  /** By source, the last: samples come in order nearly always. */
  const latest: (Seen | undefined)[] = [];
  const lookUp = (source: number, minuteMs: number): Seen => {
    const key = minuteMs * batch.sources.length + source;
    const known = all.get(key);
    if (known) return known;
    const made = { source, minuteMs, firsts: [], lasts: [], oldestNs: Infinity, newestNs: -Infinity };
    all.set(key, made);
    return made;
  };
  try {
    forEachSample(message, batch, ({ source, sequence, sampleCount, timeOffsetNs }) => {
      if (sampleCount < 1 || sequence < 1) return;
      const minuteMs = minuteOf(batch.baseTimeNs, timeOffsetNs);
      let seen = latest[source];
      if (!seen || (seen.minuteMs !== minuteMs && all.size < MINUTES_MAX)) {
        seen = lookUp(source, minuteMs);
        latest[source] = seen;
      }
      const { firsts, lasts } = seen;
      if (lasts.at(-1) === sequence - 1) lasts[lasts.length - 1] = sequence + sampleCount - 1;
      else {
        firsts.push(sequence);
        lasts.push(sequence + sampleCount - 1);
      }
      seen.oldestNs = Math.min(seen.oldestNs, timeOffsetNs);
      seen.newestNs = Math.max(seen.newestNs, timeOffsetNs);
    });
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
  }
  return [...all.values()];
}

/** Numbers are given before the ring is asked for room, so that two CPUs may hand them over the other way round. */
function ordered(seen: Seen): Seen {
  const { firsts, lasts } = seen;
  if (firsts.every((first, index) => index === 0 || first > (lasts[index - 1] as number))) return seen;
  const intervals = firsts.map((first, index) => [first, lasts[index] as number] as const).sort((a, b) => a[0] - b[0]);
  const joined = { ...seen, firsts: [] as number[], lasts: [] as number[] };
  for (const [first, last] of intervals) {
    const before = joined.lasts.at(-1) ?? -1;
    if (first <= before + 1) joined.lasts[joined.lasts.length - 1] = Math.max(before, last);
    else {
      joined.firsts.push(first);
      joined.lasts.push(last);
    }
  }
  return joined;
}

/** An interval of nothing behind the last number given out: a gap before it is one of numbers that nobody had. */
function stateOf(batch: RawBatch, source: number): Seen {
  const selected = whole(batch.sources[source]?.selected ?? 0);
  const minuteMs = minuteOf(batch.baseTimeNs, 0);
  return { source, minuteMs, firsts: [selected + 1], lasts: [selected], oldestNs: 0, newestNs: 0 };
}

function rowOf(batch: RawBatch, seen: Seen, position: Position): object {
  const { agent, bootId, batchSequence, baseTimeNs } = batch;
  const state = batch.sources[seen.source] as RawBatch['sources'][number];
  const { firsts, lasts } = seen;
  return {
    minute: seen.minuteMs / 1000,
    agent,
    bootId: bootId.toString('hex'),
    batchSequence: whole(batchSequence),
    ifIndex: whole(state.ifIndex),
    ifName: state.ifName,
    direction: state.direction,
    samples: lasts.reduce((sum, last, index) => sum + last + 1 - (firsts[index] as number), 0),
    firsts,
    lasts,
    selected: whole(state.selected),
    ringFull: whole(state.ringFull),
    copyFailed: whole(state.copyFailed),
    lostOnWay: whole(state.lostOnWay),
    oldest: millisecondsText(Number((baseTimeNs + BigInt(seen.oldestNs)) / 1_000_000n)),
    newest: millisecondsText(Number((baseTimeNs + BigInt(seen.newestNs)) / 1_000_000n)),
    sentAt: millisecondsText(position.timestampMs),
    partition: position.partition,
    offset: position.offset,
  };
}
