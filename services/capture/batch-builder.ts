// Turns ring records into SampleBatch messages. Pure: clocks and counters are handed in.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import type { SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { Record, recordBytes } from 'libbpf-ts/record.ts';
import type { AgentIdentity } from './identity.ts';
import {
  hasRoom,
  type RecordViews,
  SAMPLE_BYTES_MAX,
  type SampleContext,
  type SampleSink,
  viewRecords,
  writeSample,
} from './sample-encoder.ts';
import { createSinkPool } from './sink-pool.ts';

/** A measuring point of the builder; the key is unique over all captures. */
export interface PointState {
  key: string;
  /** Added to the interface indexes in its records, which are of its network namespace. */
  indexOffset: number;
  read(): SourceState;
}

export interface BatchBuilderOptions {
  identity: AgentIdentity;
  batchSamples: number;
  readClock: () => { offsetNs: bigint; uncertaintyNs: number };
  /**
   * @param message a SampleBatch, framed
   * @param sampleCount packets in it: a buffer may stand for several
   * @param release to be called, at most once, when nobody reads the message any more: its memory is used again
   */
  emit: (message: Buffer, sampleCount: number, release: () => void) => void;
}

export type PointOf = (slot: number, direction: number) => PointState;

export interface BatchBuilder {
  /** @param records of one capture, back to back; not needed any more when the call returns */
  add(records: Buffer, pointOf: PointOf): void;
  /** Emits what waits, if anything. */
  flush(): void;
  /** Emits a batch without samples that carries the state of these points. */
  emitState(points: readonly PointState[]): void;
  /** Time since the oldest waiting record was added; 0 = none waits. */
  waitingMs(now: number): number;
}

/** A batch ends early when its samples' headers are longer than usual. */
const SAMPLE_BYTES_USUAL = 176;
/** For what comes before the samples: the identity and some twenty sources. */
const HEAD_BYTES = 2048;
const COUNT_BYTES_MAX = 5;
const NOTHING_TO_RELEASE = () => {};

export function createBatchBuilder(options: BatchBuilderOptions): BatchBuilder {
  const { identity } = options;
  const sinks = createSinkPool(HEAD_BYTES + options.batchSamples * SAMPLE_BYTES_USUAL + SAMPLE_BYTES_MAX);
  let sink = sinks.take();
  sink.length = HEAD_BYTES;
  const context: SampleContext = { source: 0, indexOffset: 0 };
  let batchSequence = 0;
  let records = 0;
  let points: PointState[] = [];
  let sampleCount = 0;
  let baseKtimeNs = 0;
  let startedAt = 0;
  const indexes = new Map<string, number>();
  /** Neighbouring records are nearly always of one point. */
  let lastPoint: PointState | undefined;

  function emit(states: readonly PointState[]): void {
    const clock = options.readClock();
    const batch: SampleBatch = {
      ...identity,
      batchSequence: ++batchSequence,
      baseTimeNs: (records > 0 ? BigInt(baseKtimeNs) : process.hrtime.bigint()) + clock.offsetNs,
      clockOffsetNs: clock.offsetNs,
      clockUncertaintyNs: clock.uncertaintyNs,
      sources: states.map((point) => point.read()),
      samples: [],
    };
    const head = sampleBatchCodec.encode(batch);
    const full = sink;
    // A batch that leaves most of its sink empty is copied: what waits must take no more memory than its bytes say.
    const moves = head.length + COUNT_BYTES_MAX <= HEAD_BYTES && full.length * 2 > full.bytes.length;
    const message = moves ? placedBefore(head, records, full) : copied(head, records, full);
    const count = sampleCount;
    if (moves) sink = sinks.take();
    sink.length = HEAD_BYTES;
    records = 0;
    points = [];
    indexes.clear();
    lastPoint = undefined;
    sampleCount = 0;
    options.emit(message, count, moves ? () => sinks.give(full) : NOTHING_TO_RELEASE);
  }

  function sourceIndex(point: PointState): number {
    const known = indexes.get(point.key);
    if (known !== undefined) return known;
    indexes.set(point.key, points.length);
    return points.push(point) - 1;
  }

  function flush(): void {
    if (records > 0) emit(points);
  }

  function addRecord(views: RecordViews, at: number, pointOf: PointOf): void {
    const { words } = views;
    const word = at >> 2;
    // Kernel time stays below 2^53 ns for 104 days of uptime; beyond it a double loses single nanoseconds only.
    const ktimeNs =
      (words[word + (Record.KTIME_NS >> 2)] as number) +
      (words[word + (Record.KTIME_NS >> 2) + 1] as number) * 0x1_0000_0000;
    if (records === 0) {
      baseKtimeNs = ktimeNs;
      startedAt = Date.now();
    }
    const point = pointOf(
      words[word + (Record.SLOT >> 2)] as number,
      (words[word + (Record.DIRECTION >> 2)] as number) & 0xff,
    );
    if (point !== lastPoint) {
      context.source = sourceIndex(point);
      context.indexOffset = point.indexOffset;
      lastPoint = point;
    }
    writeSample(sink, views, at, context, ktimeNs - baseKtimeNs);
    sampleCount += words[word + (Record.SAMPLE_COUNT >> 2)] as number;
    if (++records >= options.batchSamples || !hasRoom(sink)) flush();
  }

  return {
    add(batch, pointOf) {
      const views = viewRecords(batch);
      for (let at = 0; at + Record.HEADER <= batch.length; ) {
        const next = at + recordBytes((views.words[(at + Record.HEADER_BYTES) >> 2] as number) & 0xffff);
        if (next > batch.length) return;
        addRecord(views, at, pointOf);
        at = next;
      }
    },
    flush,
    emitState(states) {
      flush();
      emit(states);
    },
    waitingMs: (now) => (records > 0 ? now - startedAt : 0),
  };
}

// A message's last field, the array of samples, is filled with items that are encoded already. An Avro array is a count, as many
// items, and a zero; the head as avsc encodes it ends with the zero of an empty one.

function placedBefore(head: Buffer, count: number, sink: SampleSink): Buffer {
  const prefixBytes = head.length - 1;
  const countBytes = writeLong(sink.bytes, 0, count);
  const start = HEAD_BYTES - prefixBytes - countBytes;
  head.copy(sink.bytes, start, 0, prefixBytes);
  writeLong(sink.bytes, start + prefixBytes, count);
  sink.bytes[sink.length] = 0;
  return sink.bytes.subarray(start, sink.length + 1);
}

function copied(head: Buffer, count: number, sink: SampleSink): Buffer {
  if (count === 0) return head;
  const message = Buffer.allocUnsafeSlow(head.length + COUNT_BYTES_MAX + sink.length - HEAD_BYTES);
  let at = head.copy(message, 0, 0, head.length - 1);
  at = writeLong(message, at, count);
  at += sink.bytes.copy(message, at, HEAD_BYTES, sink.length);
  message[at++] = 0;
  return message.subarray(0, at);
}
