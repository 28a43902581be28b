// A raw batch from Avro to decoded batches in Avro: what a decode worker does but for Kafka. Samples per second on one core.

import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { type Measurement, measureRate, summarize } from '../../test/bench/measure.ts';
import { makeSampleBatch, SAMPLES } from '../../test/bench/sample-batch.ts';
import { createMessageDecoder } from './decode-message.ts';

const PARTITIONS = 4;

const ROUNDS = 20;
const RUNS = 9;

/** Bytes on and outside of V8's heap, while no collection comes in between. */
function allocatedBytes(work: () => void): number {
  const held = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  work();
  return held() - before;
}

export const benchmarks: Record<string, () => Measurement> = {
  'decode.allocated_bytes_per_sample'() {
    const message = sampleBatchCodec.encode(makeSampleBatch());
    const position = { partition: 0, offset: 1 };
    const decoder = createMessageDecoder({ partitions: PARTITIONS });
    const tally = { samples: 0, stops: [0, 0, 0, 0] as [number, number, number, number] };
    const round = () => {
      for (let count = 0; count < ROUNDS; count++) decoder.decode(message, openRawBatch(message), position, tally);
    };
    for (let warm = 0; warm < 100; warm++) round();
    // A collection in between makes it less than nothing, or too little: the greatest half counts.
    const values = Array.from({ length: 2 * RUNS }, () => allocatedBytes(round) / (ROUNDS * SAMPLES));
    return summarize(values.sort((a, b) => b - a).slice(0, RUNS), 'bytes');
  },
  'decode.batch_samples_per_s'() {
    const message = sampleBatchCodec.encode(makeSampleBatch());
    const position = { partition: 0, offset: 1 };
    const decoder = createMessageDecoder({ partitions: PARTITIONS });
    const tally = { samples: 0, stops: [0, 0, 0, 0] as [number, number, number, number] };
    return measureRate(() => decoder.decode(message, openRawBatch(message), position, tally), SAMPLES, 'samples/s');
  },
};
