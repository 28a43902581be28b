// A raw batch from Avro to decoded batches in Avro: what a decode worker does but for Kafka. Samples per second on one core.

import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { type Measurement, measureRate } from '../../test/bench/measure.ts';
import { makeSampleBatch, SAMPLES } from '../../test/bench/sample-batch.ts';
import { createMessageDecoder } from './decode-message.ts';

const PARTITIONS = 4;

export const benchmarks: Record<string, () => Measurement> = {
  'decode.batch_samples_per_s'() {
    const message = sampleBatchCodec.encode(makeSampleBatch());
    const position = { partition: 0, offset: 1 };
    const decoder = createMessageDecoder({ partitions: PARTITIONS });
    const tally = { samples: 0, stops: [0, 0, 0, 0] as [number, number, number, number] };
    return measureRate(() => decoder.decode(message, openRawBatch(message), position, tally), SAMPLES, 'samples/s');
  },
};
