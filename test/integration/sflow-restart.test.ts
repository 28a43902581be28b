// Two emitters of one group take partitions from each other: by kill -9, a polite end, a start, and by offsets that went back. No
// collector may see a loss that is none, and what comes twice is just what an emitter had sent and not committed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { connect, recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import {
  SFACCTD,
  SFCAPD,
  skipWithout,
  startSfacctd,
  startSfcapd,
} from '../../services/sflow/codec/testing/collectors.ts';
import { flowsOf, type Recorded, startEmitter, startRecorder, writeEmitterConfig } from '../support/emitter-service.ts';
import { createRawAgent } from '../support/raw-agent.ts';
import { startReceiver } from '../support/receiver-service.ts';
import { until } from '../support/until.ts';
import { makeDataDir } from '../support/up.ts';

const PARTITIONS = 4;
const GROUP = 'tcxflow-sflow';
const EVERY_MS = 120;
const SAMPLES = 3;
/** The last so many rounds of messages come once more. */
const AGAIN = 5;

/** Two in each partition. All were sampling long before the emitters began. */
const agents = Array.from({ length: 2 * PARTITIONS }, (_, index) => {
  const selectedBefore = [1000 * (1 + index), 500] as const;
  return createRawAgent({ name: `host-${index}`, address: `192.0.2.${index + 1}`, selectedBefore, batchesBefore: 50 });
});
const sent = () => agents.flatMap(({ address, addresses }) => addresses.map((source) => `${address} ${source}`));

/** What one emitter sent of one agent from one assignment to the next. */
function streamsOf(datagrams: readonly Recorded[], address: string): Recorded[][] {
  const streams: Recorded[][] = [];
  for (const datagram of datagrams) {
    if (datagram.agent !== address) continue;
    if (datagram.sequence === 1) streams.push([]);
    streams.at(-1)?.push(datagram);
  }
  return streams;
}

test('emitters that are killed, stopped and started lose nothing, and no collector sees a loss', {
  skip: skipWithout({ ...SFCAPD, ...SFACCTD }),
  timeout: 120_000,
}, async (t) => {
  const dataDir = makeDataDir(t);
  const kafka = await startKafka({ dataDir, log: recordingLog(), port: 0 });
  t.after(() => kafka.stop());
  const { brokers } = kafka;
  const recorder = await startRecorder(t);
  const sfcapd = await startSfcapd(dataDir);
  const sfacctd = await startSfacctd(dataDir, true);
  const receiver = await startReceiver(t, { dataDir, brokers });
  const collectors = [recorder, sfcapd, sfacctd, receiver].map(({ port }) => `"127.0.0.1:${port}"`);
  const config = writeEmitterConfig({ dataDir, brokers, sflow: `collectors: [${collectors}]` });
  const start = () => startEmitter(t, config);
  const producer = connect(brokers).producer();
  const admin = connect(brokers).admin();
  await Promise.all([producer.connect(), admin.connect()]);
  t.after(() => Promise.all([producer.disconnect(), admin.disconnect()]));

  const [killed, second] = await Promise.all([start(), start()]);
  const firstOffsets: { partition: number; offset: string }[][] = [];
  let sending = true;
  const traffic = (async () => {
    for (; sending; await sleep(EVERY_MS)) {
      const message = ({ name, batch }: (typeof agents)[0], index: number) => ({
        ...{ partition: index % PARTITIONS, key: name, value: batch(SAMPLES) },
      });
      const written = await producer.send({ topic: topicNames.rawSamples, messages: agents.map(message) });
      firstOffsets.push(written.map(({ partition, baseOffset = '' }) => ({ partition, offset: baseOffset })));
    }
  })();
  const sendersOf = (datagrams: readonly Recorded[]) => new Set(datagrams.map(({ from }) => from));
  await until('both send', () => sendersOf(recorder.datagrams.slice(-100)).size === 2);
  // In mid-stream: what came just now may not be committed.
  const before = recorder.datagrams.length;
  await until('a datagram', () => recorder.datagrams.length > before);
  const reached = recorder.datagrams.length;
  await killed.kill();
  const third = await start();
  await until('the killed one is replaced', async () => (await third.metric('flow_samples_total')) > 100);
  assert.deepEqual(await second.stop(), [0, null]);
  await until('the third has all', () => sendersOf(recorder.datagrams.slice(-2 * agents.length)).size === 1);
  const fourth = await start();
  await until('the fourth has a part', async () => (await fourth.metric('flow_samples_total')) > 100);
  sending = false;
  await traffic;
  const flows = () => recorder.datagrams.flatMap((datagram) => flowsOf(datagram));
  const missing = () => {
    const got = new Set(flows().map(({ identity }) => identity));
    return sent().filter((identity) => !got.has(identity)).length;
  };
  await until('everything came', () => missing() === 0);
  assert.deepEqual(await Promise.all([third, fourth].map((emitter) => emitter.stop())), [
    [0, null],
    [0, null],
  ]);

  // Twice is only what the killed one had sent last.
  const seen = new Set<string>();
  const twice = flows().filter(({ identity }) => seen.size === seen.add(identity).size);
  const killedLast = new Set(
    recorder.datagrams
      .slice(0, reached + 20)
      .flatMap(flowsOf)
      .map(({ identity }) => identity),
  );
  assert.ok(twice.every(({ identity }) => killedLast.has(identity)));
  assert.ok(twice.length < 200, `${twice.length} samples came twice`);

  // Offsets that went back: just these messages once more.
  const partitions = firstOffsets.at(-AGAIN) as (typeof firstOffsets)[0];
  await admin.setOffsets({ groupId: GROUP, topic: topicNames.rawSamples, partitions });
  const count = flows().length;
  const fifth = await start();
  const withThose = count + AGAIN * agents.length * SAMPLES;
  await until('they came', () => flows().length >= withThose);
  assert.deepEqual(await fifth.stop(), [0, null]);
  assert.equal(flows().length, withThose);

  // Each stream: of one process, datagrams and samples from 1 without gaps, uptimes that go on, a pool that the samples fit.
  let restarts = 0;
  for (const { address, rate } of agents) {
    const streams = streamsOf(recorder.datagrams, address);
    restarts += streams.length - 1;
    assert.ok(streams.length >= 3, `${streams.length} streams of ${address}`);
    for (const stream of streams) {
      assert.equal(new Set(stream.map(({ from }) => from)).size, 1);
      assert.deepEqual(
        stream.map(({ sequence }) => sequence),
        stream.map((_, index) => 1 + index),
      );
      const samples = stream.flatMap(flowsOf);
      assert.deepEqual(
        samples.map(({ sequence }) => sequence),
        samples.map((_, index) => 1 + index),
      );
      assert.equal(samples.at(-1)?.samplePool, rate * samples.length);
      const uptimes = stream.map(({ uptimeMs }) => uptimeMs);
      assert.ok((uptimes[0] as number) >= 1000 && (uptimes[0] as number) < 3000, `${uptimes[0]}`);
      assert.ok(uptimes.every((uptime, index) => index === 0 || uptime >= (uptimes[index - 1] as number)));
    }
  }

  // Collectors: as many samples as were sent, and no gap. sfacctd tells of each restart.
  const identities = flows()
    .map(({ identity }) => identity)
    .sort();
  const stored = await sfcapd.stop();
  assert.equal(stored.length, identities.length);
  const printed = await sfacctd.stop();
  assert.deepEqual(
    printed.flatMap((row) => Array(row.packets).fill(`${row.exporter} ${row.sourceAddress}`)).sort(),
    identities,
  );
  assert.deepEqual(
    sfacctd.jumps().filter(({ received }) => received !== 1),
    [],
  );
  assert.equal(sfacctd.jumps().length, restarts);
  await receiver.until(async () => (await receiver.metric('samples_total')) >= identities.length);
  const counters = ['samples', 'lost_samples', 'lost_datagrams', 'passed_over_samples', 'repeated_datagrams'];
  assert.deepEqual(await Promise.all(counters.map((name) => receiver.metric(`${name}_total`))), [
    ...[identities.length, 0, 0, 0, 0],
  ]);
});
