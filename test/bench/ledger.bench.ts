// What the ledger costs those who keep it, on one core: decode an entry for each raw batch, the writer to read all numbers.

import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { decodedEntries } from '@tcxflow/decode/ledger.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { blockFormatsOf } from '@tcxflow/writer/block-formats.ts';
import { type Measurement, measureRate } from './measure.ts';
import { makeSampleBatch, SAMPLES } from './sample-batch.ts';

const message = sampleBatchCodec.encode(makeSampleBatch());
const position = { partition: 0, offset: 1, timestampMs: 1_800_000_000_000 };

function measureWriter(samples: boolean): Measurement {
  const format = blockFormatsOf({ samples })[topicNames.rawSamples];
  return measureRate(() => format?.read(message, position), SAMPLES, 'samples/s');
}

export const benchmarks: Record<string, () => Measurement> = {
  'ledger.entries_per_s'() {
    const batch = openRawBatch(message);
    const counts = new Map([[1_800_000_000_000, SAMPLES]]);
    return measureRate(() => decodedEntries(batch, counts, position, 0), 1, 'entries/s');
  },
  'ledger.captured_samples_per_s': () => measureWriter(false),
  'ledger.stored_samples_per_s': () => measureWriter(true),
};
