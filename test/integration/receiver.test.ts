// The emitter's datagrams over UDP into the receiver, and what Kafka has then: sample for sample what was emitted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { createBatchReader } from '../../services/sflow/read-batch.ts';
import { createSession, emptyTally } from '../../services/sflow/session.ts';
import { makeSampleBatch } from '../bench/sample-batch.ts';
import { readTopic, startReceiver } from '../support/receiver-service.ts';
import { makeDataDir } from '../support/up.ts';

/** Datagrams of a batch of 512 samples of both directions. */
function emitted() {
  const made = makeSampleBatch();
  // Numbers of each direction by itself, as capture gives them.
  made.samples.forEach((sample, index) => {
    sample.sequence = Math.floor(index / 2) + 1;
    sample.inputIfIndex = sample.source === 1 ? 7 : 0;
    sample.outputIfIndex = sample.source === 0 ? 3 : 0;
  });
  const now = Number(made.baseTimeNs / 1_000_000n);
  const options = { subAgentId: 1, datagramBytes: 1400, headerBytes: 128, maxAgeMs: 10_000 };
  const session = createSession(made.agentAddress, now, options);
  const datagrams: Buffer[] = [];
  session.addBatch(
    createBatchReader()(sampleBatchCodec.encode(made)),
    now,
    emptyTally(),
    (d) => void datagrams.push(d),
  );
  session.flush(now, (datagram) => void datagrams.push(datagram));
  return { datagrams, samples: made.samples };
}

test('what the emitter sends is what the receiver puts onto the bus', { timeout: 120_000 }, async (t) => {
  const dataDir = makeDataDir(t);
  const { brokers, stop } = await startKafka({ dataDir, log: recordingLog(), port: 0 });
  t.after(stop);
  const receiver = await startReceiver(t, { dataDir, brokers });
  const { datagrams, samples } = emitted();
  await receiver.send(datagrams);
  await receiver.until(async () => (await receiver.metric('samples_total')) >= samples.length);
  const lost = ['lost_samples_total', 'kernel_drops_total', 'passed_over_samples_total'];
  assert.deepEqual(await Promise.all(lost.map(receiver.metric)), [0, 0, 0]);
  assert.deepEqual(await receiver.stop(), [0, null]);

  const got = readTopic(brokers, topicNames.rawSamples).flatMap((message) => sampleBatchCodec.decode(message).samples);
  const kept = ({ sequence, samplingRate, wireBytes, inputIfIndex, outputIfIndex, header }: (typeof samples)[0]) => ({
    ...{ sequence, samplingRate, wireBytes, inputIfIndex, outputIfIndex, header },
  });
  assert.deepEqual(got.map(kept), samples.map(kept));
});
