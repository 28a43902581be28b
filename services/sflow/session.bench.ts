// Raw batches from Avro to sFlow datagrams, sockets left out. Samples per second on one core.

import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { type Measurement, measureRate } from '../../test/bench/measure.ts';
import { makeSampleBatch, SAMPLES } from '../../test/bench/sample-batch.ts';
import { createBatchReader } from './read-batch.ts';
import { createSession, emptyTally } from './session.ts';

export const benchmarks: Record<string, () => Measurement> = {
  'sflow.samples_per_s'() {
    const made = makeSampleBatch();
    const message = sampleBatchCodec.encode(made);
    const read = createBatchReader();
    const now = Number(made.baseTimeNs / 1_000_000n);
    const session = createSession(made.agentAddress, now, {
      subAgentId: 1,
      datagramBytes: 1400,
      headerBytes: 128,
      maxAgeMs: 10_000,
    });
    let bytes = 0;
    const emit = (datagram: Buffer) => {
      bytes += datagram.length;
    };
    const tally = emptyTally();
    const measured = measureRate(() => session.addBatch(read(message), now, tally, emit), SAMPLES, 'samples/s');
    if (bytes === 0) throw new Error('no datagram was made');
    return measured;
  },
};
