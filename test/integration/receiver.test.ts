// The emitter's datagrams over UDP into the receiver, and what Kafka has then: sample for sample what was emitted.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { scrape, sumOf } from '../../services/cli/up/scrape.ts';
import { createBatchReader } from '../../services/sflow/read-batch.ts';
import { createSession, emptyTally } from '../../services/sflow/session.ts';
import { makeSampleBatch } from '../bench/sample-batch.ts';
import { makeDataDir, tcxflow } from '../support/up.ts';

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
  const kafka = await startKafka({ dataDir, log: recordingLog(), port: 0 });
  t.after(() => kafka.stop());
  const [http, udp] = [await choosePort(0), await choosePort(0)];
  const config = join(dataDir, 'receiver.yaml');
  writeFileSync(
    config,
    `kafka: {brokers: [${kafka.brokers}]}\nhttp: {port: ${http}}\nlog: {level: warn}\nreceiver: {listen: ["[::]:${udp}"]}\n`,
  );
  const child = spawn(process.execPath, [tcxflow, 'receiver', '--config', config], { stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  const metric = async (name: string) =>
    sumOf(await scrape(`http://127.0.0.1:${http}`).catch(() => []), `tcxflow_receiver_${name}`);
  while (!(await fetch(`http://127.0.0.1:${http}/readyz`).catch(() => undefined))?.ok) await sleep(100);

  const { datagrams, samples } = emitted();
  const socket = createSocket('udp4');
  for (const datagram of datagrams) {
    await new Promise((sent) => socket.send(datagram, udp, '127.0.0.1', sent));
    await sleep(1);
  }
  socket.close();
  while ((await metric('samples_total')) < samples.length) await sleep(100);
  assert.deepEqual([await metric('lost_samples_total'), await metric('kernel_drops_total')], [0, 0]);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);

  // kcat is librdkafka: another client than ours reads. Each message comes with its length before it.
  const format = ['-C', '-t', topicNames.rawSamples, '-e', '-q', '-f', '%R%s'];
  const output = execFileSync('kcat', ['-b', kafka.brokers[0] ?? '', ...format], { maxBuffer: 64 << 20 });
  const got: typeof samples = [];
  for (let at = 0; at < output.length; ) {
    const length = output.readUInt32BE(at);
    got.push(...sampleBatchCodec.decode(output.subarray(at + 4, at + 4 + length)).samples);
    at += 4 + length;
  }
  const kept = ({ sequence, samplingRate, wireBytes, inputIfIndex, outputIfIndex, header }: (typeof samples)[0]) => ({
    ...{ sequence, samplingRate, wireBytes, inputIfIndex, outputIfIndex, header },
  });
  assert.deepEqual(got.map(kept), samples.map(kept));
});
