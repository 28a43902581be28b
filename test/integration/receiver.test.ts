// Datagrams over UDP into a running receiver, and what Kafka has then.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { type EmbeddedKafka, startKafka } from '@tcxflow/embedded/kafka.ts';
import { recordingLog, removeFolder, temporaryFolder } from '@tcxflow/embedded/testing/engines.ts';
import { formatAddress } from '@tcxflow/packet/address.ts';
import type { RawSample } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { createBatchReader } from '../../services/sflow/read-batch.ts';
import { switchDatagram } from '../../services/sflow/receiver/testing/switch.ts';
import { createSession, emptyTally } from '../../services/sflow/session.ts';
import { makeSampleBatch } from '../bench/sample-batch.ts';
import { readTopic, startReceiver } from '../support/receiver-service.ts';

const emittedBatch = makeSampleBatch();
// Numbers of each direction by itself, as capture gives them.
emittedBatch.samples.forEach((sample, index) => {
  sample.sequence = Math.floor(index / 2) + 1;
  sample.inputIfIndex = sample.source === 1 ? 7 : 0;
  sample.outputIfIndex = sample.source === 0 ? 3 : 0;
});

/** Datagrams of a batch of 512 samples of both directions. */
function emitted(): Buffer[] {
  const { agentAddress, baseTimeNs } = emittedBatch;
  const now = Number(baseTimeNs / 1_000_000n);
  const options = { subAgentId: 1, datagramBytes: 1400, headerBytes: 128, maxAgeMs: 10_000 };
  const session = createSession(agentAddress, now, options);
  const datagrams: Buffer[] = [];
  const keep = (datagram: Buffer) => void datagrams.push(datagram);
  session.addBatch(createBatchReader()(sampleBatchCodec.encode(emittedBatch)), now, emptyTally(), keep);
  session.flush(now, keep);
  return datagrams;
}

let brokers: string[] = [];
let kafka: EmbeddedKafka;
const folder = temporaryFolder();

before(async () => {
  kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
  brokers = kafka.brokers;
});
after(async () => {
  await kafka?.stop();
  removeFolder(folder);
});

/** Samples of an agent that Kafka has. */
function samplesOf(agent: string): RawSample[] {
  const batches = readTopic(brokers, topicNames.rawSamples).map((message) => sampleBatchCodec.decode(message));
  return batches.filter((batch) => batch.agent === agent).flatMap(({ samples }) => samples);
}

test('what the emitter sends is what the receiver puts onto the bus', { timeout: 60_000 }, async (t) => {
  const receiver = await startReceiver(t, { dataDir: folder, brokers });
  const { agentAddress, samples } = emittedBatch;
  await receiver.send(emitted());
  await receiver.until(async () => (await receiver.metric('samples_total')) >= samples.length);
  const lost = ['lost_samples_total', 'kernel_drops_total', 'passed_over_samples_total'];
  assert.deepEqual(await Promise.all(lost.map(receiver.metric)), [0, 0, 0]);
  assert.deepEqual(await receiver.stop(), [0, null]);

  const got = samplesOf(formatAddress(agentAddress));
  const kept = ({ sequence, samplingRate, wireBytes, inputIfIndex, outputIfIndex, header }: RawSample) => ({
    ...{ sequence, samplingRate, wireBytes, inputIfIndex, outputIfIndex, header },
  });
  assert.deepEqual(got.map(kept), samples.map(kept));
});

/** IPv4 mapped, 198.51.100.x */
const agentAddress = (last: number) =>
  Buffer.from(`00000000000000000000ffffc63364${last.toString(16).padStart(2, '0')}`, 'hex');
const one = (last: number, sequence: number) =>
  switchDatagram({ agent: agentAddress(last), sequence, flows: [{ sequence }] });

test('who may send is taken anew from the configuration at SIGHUP', { timeout: 60_000 }, async (t) => {
  const receiver = await startReceiver(t, { dataDir: folder, brokers, section: 'agents: [198.51.100.1]' });
  await receiver.send([one(1, 1), one(2, 1)]);
  await receiver.until(async () => (await receiver.metric('refused_datagrams_total')) === 1);
  receiver.configure('agents: [198.51.100.2]');
  receiver.reload();
  // A signal is not answered: until it was taken, agent 2 is refused.
  let sequence = 1;
  await receiver.until(async () => {
    await receiver.send([one(2, ++sequence)]);
    return (await receiver.metric('samples_total')) >= 2;
  });
  const refused = await receiver.metric('refused_datagrams_total');
  await receiver.send([one(1, 2)]);
  await receiver.until(async () => (await receiver.metric('refused_datagrams_total')) > refused);
  receiver.configure('agents: [nonsense]');
  receiver.reload();
  await receiver.send([one(2, ++sequence)]);
  await receiver.until(async () => (await receiver.metric('samples_total')) >= 3);
  assert.deepEqual(await receiver.stop(), [0, null]);
  assert.deepEqual([samplesOf('198.51.100.1').length, samplesOf('198.51.100.2').length > 1], [1, true]);
});

test('a flood of nonsense costs nobody else a sample, and no memory', { timeout: 60_000 }, async (t) => {
  const receiver = await startReceiver(t, { dataDir: folder, brokers, section: 'max_agents: 50' });
  await receiver.send([one(9, 1)]);
  await receiver.until(async () => (await receiver.metric('samples_total')) === 1);
  const random = seededRandom(1);
  const [good] = emitted() as [Buffer];
  const SENT = 30_000;
  const nonsense = Array.from({ length: 500 }, () => {
    const datagram = Buffer.from(good);
    for (let i = 0; i < 5; i++) datagram[random.below(datagram.length)] = random.below(256);
    datagram.writeUInt32BE(random.below(2 ** 32), 8); // the agent
    return datagram.subarray(0, random.chance(50) ? datagram.length : random.below(datagram.length));
  });
  for (let sent = 0; sent < SENT; sent += nonsense.length) {
    await receiver.send(nonsense);
    await receiver.send([one(9, 2 + sent / nonsense.length)]);
  }
  const rounds = SENT / nonsense.length;
  const taken = async () =>
    (
      await Promise.all(['datagrams_total', 'refused_datagrams_total', 'kernel_drops_total'].map(receiver.metric))
    ).reduce((sum, value) => sum + value);
  await receiver.until(async () => (await taken()) >= SENT + rounds + 1);
  assert.ok(receiver.residentBytes() < 400e6, `${receiver.residentBytes()}`);
  const dropped = await receiver.metric('kernel_drops_total');
  assert.deepEqual(await receiver.stop(), [0, null]);
  assert.ok(samplesOf('198.51.100.9').length >= rounds + 1 - dropped);
});
