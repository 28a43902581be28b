// What must not disturb the stream of an emitter to its collectors: numbers that go on over 2^32, and collectors that come and go.

import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { type EmbeddedKafka, startKafka } from '@tcxflow/embedded/kafka.ts';
import { connect, recordingLog, removeFolder, temporaryFolder } from '@tcxflow/embedded/testing/engines.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import {
  SFACCTD,
  SFCAPD,
  sendUdp,
  skipWithout,
  startSfacctd,
  startSfcapd,
} from '../../services/sflow/codec/testing/collectors.ts';
import { switchDatagram } from '../../services/sflow/receiver/testing/switch.ts';
import { flowsOf, type Recorded, startEmitter, startRecorder, writeEmitterConfig } from '../support/emitter-service.ts';
import { createRawAgent, type RawAgent } from '../support/raw-agent.ts';
import { readTopic, startReceiver } from '../support/receiver-service.ts';
import { until } from '../support/until.ts';

const WRAP = 2 ** 32;
const skip = skipWithout({ ...SFCAPD, ...SFACCTD });
const folder = temporaryFolder();
let kafka: EmbeddedKafka;

before(async () => {
  kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
});
after(async () => {
  await kafka?.stop();
  removeFolder(folder);
});

/** @returns sends a batch of each agent */
async function connectAgents(t: TestContext, agents: readonly RawAgent[], samples: number) {
  const producer = connect(kafka.brokers).producer();
  await producer.connect();
  t.after(() => producer.disconnect());
  return async () => {
    const messages = agents.map(({ name, batch }) => ({ key: name, value: batch(samples) }));
    await producer.send({ topic: topicNames.rawSamples, messages });
  };
}

const localhost = ({ port }: { port: number }) => `127.0.0.1:${port}`;
const sequencesOf = (datagrams: readonly Recorded[]) => datagrams.map(({ sequence }) => sequence);
/** As many numbers as there are, one after the other. */
const dense = (numbers: readonly number[]) => numbers.map((_, index) => ((numbers[0] as number) + index) % WRAP);

test('numbers that go on over 2^32 are neither a gap nor a restart to any collector', {
  skip,
  timeout: 60_000,
}, async (t) => {
  const recorder = await startRecorder(t);
  const sfcapd = await startSfcapd(folder);
  const sfacctd = await startSfacctd(folder, true);
  const receiver = await startReceiver(t, { dataDir: folder, brokers: kafka.brokers });
  const everybody = [recorder, sfcapd, sfacctd, receiver];
  const config = writeEmitterConfig({
    ...{ dataDir: folder, brokers: kafka.brokers, sflow: `collectors: ["${everybody.map(localhost).join('","')}"]` },
  });
  const emitter = await startEmitter(t, config);
  const agent = createRawAgent({ name: 'long-running', address: '192.0.2.1', selectedBefore: [WRAP - 100, 0] });
  const send = await connectAgents(t, [agent], 7);
  for (let i = 0; i < 30; i++) await send();
  const samples = 30 * 7;
  await until('all came', () => recorder.datagrams.flatMap(flowsOf).length === samples);
  assert.deepEqual(await emitter.stop(), [0, null]);
  const flows = recorder.datagrams.flatMap(flowsOf);
  assert.deepEqual(
    flows.map(({ sequence }) => sequence),
    dense([WRAP - 99, ...flows.slice(1).map(({ sequence }) => sequence)]),
  );
  assert.equal(flows.at(-1)?.samplePool, (samples - 100) * agent.rate);

  // No run is long enough for the datagrams' own number: a switch's, that has sent so many.
  const near = [-2, -1, 0, 1, 2].map((number) => number >>> 0);
  const others = near.map((sequence, index) =>
    switchDatagram({ sequence, uptimeMs: 9e6 + index, flows: [{ sequence }] }),
  );
  for (const { port } of [sfcapd, sfacctd, receiver]) await sendUdp(port, others.map(withAgent2));
  const all = samples + others.length;
  assert.equal((await sfcapd.stop()).length, all);
  assert.equal(
    (await sfacctd.stop()).reduce((sum, { packets }) => sum + packets, 0),
    all,
  );
  assert.deepEqual(sfacctd.jumps(), []);
  await receiver.until(async () => (await receiver.metric('samples_total')) === all);
  const counters = ['lost_samples', 'lost_datagrams', 'agent_restarts', 'passed_over_samples', 'repeated_datagrams'];
  assert.deepEqual(await Promise.all(counters.map((name) => receiver.metric(`${name}_total`))), [0, 0, 0, 0, 0]);
  assert.deepEqual(await receiver.stop(), [0, null]);
  const received = readTopic(kafka.brokers, topicNames.rawSamples)
    .map((message) => sampleBatchCodec.decode(message))
    .filter((batch) => batch.agent === agent.address);
  assert.equal(new Set(received.map(({ bootId }) => bootId.toString('hex'))).size, 1);
  const last = new Map(received.flatMap(({ sources }) => sources).map((state) => [state.direction, state]));
  assert.equal(
    [...last.values()].reduce((sum, { selected }) => sum + selected, 0),
    samples,
  );
});

/** Not the agent of the test before. */
function withAgent2(datagram: Buffer): Buffer {
  const other = Buffer.from(datagram);
  other.writeUInt8(2, 11);
  return other;
}

test('collectors are added and taken away at SIGHUP, and those that stay see no gap', {
  timeout: 60_000,
}, async (t) => {
  const [stays, same, other] = [await startRecorder(t), await startRecorder(t), await startRecorder(t)];
  const options = { dataDir: folder, brokers: kafka.brokers };
  const write = (collectors: string) => writeEmitterConfig({ ...options, sflow: `collectors: [${collectors}]` });
  const emitter = await startEmitter(t, write(`"${localhost(stays)}"`));
  // Named by its address, as agents of the receiver are: it is none.
  const agent = createRawAgent({ name: '192.0.2.3', address: '192.0.2.3' });
  const send = await connectAgents(t, [agent], 5);
  const sendUntil = (what: string, done: () => boolean) => until(what, async () => done() || (await send()));
  await sendUntil('datagrams come', () => stays.datagrams.length > 3);

  write(`"${localhost(stays)}", "${localhost(same)}", {address: "${localhost(other)}", thin: 5}`);
  emitter.reload();
  await sendUntil('the new ones have some', () => same.datagrams.length > 3 && other.datagrams.length > 3);
  write('nonsense');
  emitter.reload();
  const before = same.datagrams.length;
  await sendUntil('what is not valid changes nothing', () => same.datagrams.length > before + 5);
  write(`"${localhost(same)}", {address: "${localhost(other)}", thin: 5}`);
  emitter.reload();
  const counted = { stays: -1, same: -1 };
  await sendUntil('the first gets no more', () => {
    const now = { stays: stays.datagrams.length, same: same.datagrams.length };
    const quiet = now.stays === counted.stays && now.same > counted.same + 3;
    if (now.stays !== counted.stays) Object.assign(counted, now);
    return quiet;
  });
  const sent = agent.addresses.length;
  await until('everything came', () => (same.datagrams.at(-1)?.samples.length ?? 0) > 0 && last(same) === sent);
  assert.deepEqual(await emitter.stop(), [0, null]);

  for (const { datagrams } of [stays, same, other]) {
    assert.deepEqual(sequencesOf(datagrams), dense(sequencesOf(datagrams)));
    const numbers = datagrams.flatMap(flowsOf).map(({ sequence }) => sequence);
    assert.deepEqual(numbers, dense(numbers));
    assert.equal(new Set(datagrams.map(({ from }) => from)).size, 1, 'one socket');
  }
  assert.deepEqual(
    [stays, other].map(({ datagrams }) => datagrams[0]?.sequence),
    [1, 1],
  );
  // The stream was under way when the second joined it, and goes on after the first is gone.
  assert.ok((same.datagrams[0]?.sequence as number) > 1);
  assert.ok((same.datagrams.at(-1)?.sequence as number) > (stays.datagrams.at(-1)?.sequence as number));
});

const last = ({ datagrams }: { datagrams: readonly Recorded[] }) => datagrams.flatMap(flowsOf).at(-1)?.sequence;
