// A partition of decoded samples as decode leaves it when it is killed now and then: batches of several raw partitions in
// some order, some of them twice, samples early and late, messages that cannot be decoded. And what must come of it.

import type { Random } from '@tcxflow/common/testing/random.ts';
import type { DecodedBatch, Flow } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec } from '@tcxflow/schemas/topics.ts';
import { batch, sample } from './batches.ts';

export const WINDOW_MS = 10_000;
/** 2026-01-01T00:00:00Z */
export const START_MS = 1_767_225_600_000;

export interface LogEntry {
  offset: number;
  /** Wall clock when it was written. */
  writtenMs: number;
  /** undefined: not decodable. */
  batch: DecodedBatch | undefined;
  message: Buffer;
}

export interface Sums {
  samples: number;
  packets: number;
  bytes: number;
  packetsVariance: number;
  tcpFlags: number;
  firstNs: bigint;
  lastNs: bigint;
}

export interface SimulatedLog {
  entries: LogEntry[];
  /** Flow and window → sums over every sample once. */
  expected: Map<string, Sums>;
}

export function simulateLog(random: Random): SimulatedLog {
  const entries: LogEntry[] = [];
  const expected = new Map<string, Sums>();
  const sources = Array.from({ length: 1 + random.below(3) }, () => [] as DecodedBatch[]);
  let clockMs = START_MS + random.below(WINDOW_MS);
  let offset = random.below(1000);

  function write(written: DecodedBatch | undefined): void {
    const message = written ? decodedBatchCodec.encode(written) : Buffer.from('not Avro');
    entries.push({ offset, writtenMs: clockMs, batch: written, message });
    offset += random.chance(5) ? 2 : 1; // Kafka promises order, not that offsets have no gaps
  }

  const length = 20 + random.below(80);
  while (entries.length < length) {
    clockMs += random.below(random.chance(5) ? 30_000 : 2000);
    const sourcePartition = random.below(sources.length);
    const decoded = sources[sourcePartition] ?? [];
    if (random.chance(3)) write(undefined);
    if (random.chance(8)) {
      // Decode was killed before its commit: it decodes its last batches again.
      for (const again of decoded.slice(-1 - random.below(6))) write(again);
      continue;
    }
    const next = randomBatch(
      random,
      clockMs,
      sourcePartition,
      (decoded.at(-1)?.sourceOffset ?? 0) + 1 + random.below(3),
    );
    decoded.push(next);
    write(next);
    for (const entry of next.samples) expect(expected, next, entry);
  }
  return { entries, expected };
}

function randomBatch(random: Random, clockMs: number, sourcePartition: number, sourceOffset: number): DecodedBatch {
  const samples = Array.from({ length: random.below(6) }, () => {
    const lateMs = random.chance(5)
      ? random.below(120_000)
      : random.chance(3)
        ? -random.below(60_000)
        : random.below(12_000); // more than the lateness that the tests allow
    const segments = random.pick([1, 1, 3]);
    return sample({
      source: random.below(3),
      srcPort: 1 + random.below(2),
      timeOffsetNs: -lateMs * 1_000_000 - random.below(1_000_000),
      samplingRate: random.pick([1, 10, 512]),
      segments,
      sampleCount: 1 + random.below(segments),
      wireBytes: segments * (60 + random.below(1455)),
      tcpFlags: 1 << random.below(9),
    });
  });
  const baseTimeNs = BigInt(clockMs) * 1_000_000n + BigInt(random.below(1_000_000));
  return batch(samples, { sourcePartition, sourceOffset, baseTimeNs });
}

function expect(expected: Map<string, Sums>, of: DecodedBatch, entry: DecodedBatch['samples'][number]): void {
  const timeNs = of.baseTimeNs + BigInt(entry.timeOffsetNs);
  const windowStart = Number(timeNs / BigInt(WINDOW_MS * 1_000_000)) * WINDOW_MS;
  const { ifName, direction } = of.sources[entry.source] as DecodedBatch['sources'][number];
  const weight = entry.samplingRate * entry.sampleCount;
  addSums(expected, `${ifName} ${direction} ${entry.srcPort} ${windowStart}`, {
    samples: entry.sampleCount,
    packets: weight,
    bytes: (weight * entry.wireBytes) / entry.segments, // whole: the log's segments are of equal length
    packetsVariance: weight * (entry.samplingRate - 1),
    tcpFlags: entry.tcpFlags,
    firstNs: timeNs,
    lastNs: timeNs,
  });
}

/** Sums of the emitted flows, comparable with `expected`. */
export function sumFlows(flows: readonly Flow[]): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const { ifName, direction, srcPort, windowStart, ...flow } of flows)
    addSums(sums, `${ifName} ${direction} ${srcPort} ${windowStart}`, {
      samples: flow.samples,
      packets: flow.packets,
      bytes: flow.bytes,
      packetsVariance: flow.packetsVariance,
      tcpFlags: flow.tcpFlags,
      firstNs: flow.firstNs,
      lastNs: flow.lastNs,
    });
  return sums;
}

function addSums(all: Map<string, Sums>, key: string, more: Sums): void {
  const sums = all.get(key);
  if (!sums) return void all.set(key, more);
  sums.samples += more.samples;
  sums.packets += more.packets;
  sums.bytes += more.bytes;
  sums.packetsVariance += more.packetsVariance;
  sums.tcpFlags |= more.tcpFlags;
  if (more.firstNs < sums.firstNs) sums.firstNs = more.firstNs;
  if (more.lastNs > sums.lastNs) sums.lastNs = more.lastNs;
}
