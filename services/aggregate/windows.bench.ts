// Decoded batches from Avro into windows, and the windows' flows to Avro. Samples and flows per second on one core.

import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { createMessageDecoder } from '@tcxflow/decode/decode-message.ts';
import { decodedBatchCodec, flowCodec, sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { type Measurement, measureRate } from '../../test/bench/measure.ts';
import { FLOWS, makeSampleBatch, SAMPLES } from '../../test/bench/sample-batch.ts';
import { addBatch, createWindowSet, finishFlow } from './windows.ts';

const WINDOW_MS = 10_000;
const ROUNDS_PER_WINDOW = 100;

function decodedMessage(): Buffer {
  const tally = { samples: 0, stops: [0, 0, 0, 0] as [number, number, number, number] };
  const raw = sampleBatchCodec.encode(makeSampleBatch());
  const decoder = createMessageDecoder({ partitions: 1 });
  const [decoded] = decoder.decode(raw, openRawBatch(raw), { partition: 0, offset: 1 }, tally);
  if (!decoded) throw new Error('the batch is empty');
  return decoded.value;
}

export const benchmarks: Record<string, () => Measurement> = {
  'aggregate.samples_per_s'() {
    const message = decodedMessage();
    let set = createWindowSet();
    let offset = 0;
    return measureRate(
      () => {
        if (++offset % ROUNDS_PER_WINDOW === 0) set = createWindowSet();
        const batch = decodedBatchCodec.decode(message);
        addBatch(set, { ...batch, sourceOffset: offset }, offset, WINDOW_MS, () => true);
      },
      SAMPLES,
      'samples/s',
    );
  },
  'aggregate.flows_per_s'() {
    const set = createWindowSet();
    addBatch(set, decodedBatchCodec.decode(decodedMessage()), 1, WINDOW_MS, () => true);
    const flows = [...set.windows.values()].flatMap((window) => [...window.flows.values()]);
    return measureRate(
      () => {
        for (const flow of flows) flowCodec.encode(finishFlow(flow));
      },
      Math.min(FLOWS, flows.length),
      'flows/s',
    );
  },
};
