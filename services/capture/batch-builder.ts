// Turns ring records into SampleBatch messages. Pure: clocks and counters are handed in.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import type { SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { forEachRecord, Record } from 'libbpf-ts/record.ts';
import type { AgentIdentity } from './identity.ts';
import { createSampleSink, type SampleContext, viewRecords, writeSample } from './sample-encoder.ts';

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
  /** @param message a SampleBatch, framed @param sampleCount packets in it: a buffer may stand for several */
  emit: (message: Buffer, sampleCount: number) => void;
}

export interface BatchBuilder {
  /** @param records of one capture, back to back; not needed any more when the call returns */
  add(records: Buffer, pointOf: (slot: number, direction: number) => PointState): void;
  /** Emits what waits, if anything. */
  flush(): void;
  /** Emits a batch without samples that carries the state of these points. */
  emitState(points: readonly PointState[]): void;
  /** Time since the oldest waiting record was added; 0 = none waits. */
  waitingMs(now: number): number;
}

const ARRAY_END = Buffer.from([0]);

export function createBatchBuilder(options: BatchBuilderOptions): BatchBuilder {
  const { identity } = options;
  const sink = createSampleSink(options.batchSamples);
  const context: SampleContext = { source: 0, timeOffsetNs: 0, indexOffset: 0 };
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
    const message = withSamples(sampleBatchCodec.encode(batch), records, sink.bytes.subarray(0, sink.length));
    const count = sampleCount;
    records = 0;
    sink.length = 0;
    points = [];
    indexes.clear();
    lastPoint = undefined;
    sampleCount = 0;
    options.emit(message, count);
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

  return {
    add(batch, pointOf) {
      const views = viewRecords(batch);
      const { words } = views;
      forEachRecord(batch, (at) => {
        const word = at >> 2;
        const field = (offset: number) => words[word + (offset >> 2)] as number;
        // Kernel time stays below 2^53 ns for 104 days of uptime; beyond it a double loses single nanoseconds only.
        const ktimeNs = field(Record.KTIME_NS) + field(Record.KTIME_NS + 4) * 0x1_0000_0000;
        if (records === 0) {
          baseKtimeNs = ktimeNs;
          startedAt = Date.now();
        }
        const point = pointOf(field(Record.SLOT), field(Record.DIRECTION) & 0xff);
        if (point !== lastPoint) {
          context.source = sourceIndex(point);
          context.indexOffset = point.indexOffset;
          lastPoint = point;
        }
        context.timeOffsetNs = ktimeNs - baseKtimeNs;
        writeSample(sink, views, at, context);
        sampleCount += field(Record.SAMPLE_COUNT);
        if (++records >= options.batchSamples) flush();
      });
    },
    flush,
    emitState(states) {
      flush();
      emit(states);
    },
    waitingMs: (now) => (records > 0 ? now - startedAt : 0),
  };
}

/**
 * A message whose last field, the array of samples, is filled with items that are encoded already. An Avro array is a
 * count, as many items, and a zero; the message has only the zero.
 */
function withSamples(message: Buffer, count: number, items: Buffer): Buffer {
  if (count === 0) return message;
  const countBytes = Buffer.alloc(5);
  return Buffer.concat([
    message.subarray(0, -1),
    countBytes.subarray(0, writeLong(countBytes, 0, count)),
    items,
    ARRAY_END,
  ]);
}
