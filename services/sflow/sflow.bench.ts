// Pure code, one core: raw batches from Avro to datagrams and back. Sockets and Kafka are in emit.bench.ts.

import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { type Measurement, measureRate } from '../../test/bench/measure.ts';
import { makeSampleBatch, SAMPLES } from '../../test/bench/sample-batch.ts';
import { DatagramBuilder } from './codec/datagram.ts';
import { decodeDatagram } from './codec/decode-datagram.ts';
import type { FlowSample } from './codec/flow-sample.ts';
import { createBatchReader } from './read-batch.ts';
import { createSession, emptyTally } from './session.ts';

const made = makeSampleBatch();

function flowSample(): FlowSample {
  const numbers = { sequence: 1, ifIndex: 2, samplingRate: 1000, samplePool: 1e6, drops: 0, input: 2, output: 3 };
  const header = made.samples[0]?.header as Buffer;
  return { ...numbers, headerProtocol: 1, wireBytes: 1400, header, headerOffset: 0, headerLength: header.length };
}

/** A full datagram: six flow samples of 128 header bytes. */
function fullDatagram(): { datagram: Buffer; samples: number } {
  const builder = new DatagramBuilder({ agentAddress: made.agentAddress, subAgentId: 1 });
  const sample = flowSample();
  while (builder.addFlow(sample)) sample.sequence++;
  const samples = builder.count;
  return { datagram: Buffer.from(builder.finish(1, 1)), samples };
}

export const benchmarks: Record<string, () => Measurement> = {
  'sflow.samples_per_s'() {
    const message = sampleBatchCodec.encode(made);
    const read = createBatchReader();
    const now = Number(made.baseTimeNs / 1_000_000n);
    const options = { subAgentId: 1, datagramBytes: 1400, headerBytes: 128, maxAgeMs: 10_000 };
    const session = createSession(made.agentAddress, now, options);
    let bytes = 0;
    const emit = (datagram: Buffer) => {
      bytes += datagram.length;
    };
    const tally = emptyTally();
    const measured = measureRate(() => session.addBatch(read(message), now, tally, emit), SAMPLES, 'samples/s');
    if (bytes === 0) throw new Error('no datagram was made');
    return measured;
  },
  'sflow.encode_samples_per_s'() {
    const builder = new DatagramBuilder({ agentAddress: made.agentAddress, subAgentId: 1 });
    const sample = flowSample();
    let bytes = 0;
    const measured = measureRate(
      () => {
        for (let index = 0; index < 600; index++) {
          sample.sequence++;
          if (builder.addFlow(sample)) continue;
          bytes += builder.finish(sample.sequence, 1).length;
          builder.addFlow(sample);
        }
      },
      600,
      'samples/s',
    );
    if (bytes === 0) throw new Error('no datagram was made');
    return measured;
  },
  'sflow.decode_samples_per_s'() {
    const { datagram, samples } = fullDatagram();
    let seen = 0;
    const measured = measureRate(
      () => {
        for (let round = 0; round < 100; round++) {
          const decoded = decodeDatagram(datagram);
          if (decoded.ok) seen += decoded.samples.length;
        }
      },
      100 * samples,
      'samples/s',
    );
    if (seen === 0) throw new Error('no sample was read');
    return measured;
  },
};
