// Enrichment in the decode service as it runs: a real Kafka, files that change under it, SIGHUP.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedKafka, startKafka } from '@tcxflow/embedded/kafka.ts';
import {
  connect,
  recordingLog,
  removeFolder,
  skipWithout,
  temporaryFolder,
} from '@tcxflow/embedded/testing/engines.ts';
import { formatAddress } from '@tcxflow/packet/address.ts';
import type { DecodedBatch } from '@tcxflow/schemas/generated.ts';
import { countersCodec, decodedBatchCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { Consumer, Producer } from 'kafkajs';
import { makeMmdb } from '../../services/decode/enrich/testing/mmdb.ts';
import { makeSampleBatch } from '../bench/sample-batch.ts';
import { tcxflow } from '../support/up.ts';

const rawBatch = makeSampleBatch();
/** Without the class that avsc gives a record. */
const plain = (record: object) => ({ ...record });

describe('decode with enrichment', skipWithout('kafka'), () => {
  const folder = temporaryFolder();
  const networksFile = join(folder, 'networks.csv');
  const decoded: DecodedBatch[] = [];
  let said = '';
  let kafka: EmbeddedKafka;
  let decode: ChildProcess;
  let producer: Producer;
  let reader: Consumer;
  let batchSequence = 0;

  before(async () => {
    kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
    const geo = { '0.0.0.0/1': { country: 'NZ', asn: 'AS64500' }, '128.0.0.0/1': { country: 'IS', asn: 'AS64501' } };
    writeFileSync(join(folder, 'geo.mmdb'), makeMmdb(geo));
    writeFileSync(networksFile, 'prefix,name\n0.0.0.0/0,first\n');
    writeFileSync(join(folder, 'key'), Buffer.alloc(32, 9));
    writeConfig('here');
    startDecode();
    await until(() => /"ready"/.test(said));
    const client = connect(kafka.brokers);
    producer = client.producer();
    reader = client.consumer({ groupId: 'test' });
    await producer.connect();
    await reader.connect();
    await reader.subscribe({ topic: topicNames.decodedSamples, fromBeginning: true });
    await reader.run({
      eachMessage: async ({ message }) => void decoded.push(decodedBatchCodec.decode(message.value)),
    });
  });
  after(async () => {
    await Promise.allSettled([reader?.disconnect(), producer?.disconnect()]);
    if (decode?.exitCode === null) {
      decode.kill('SIGTERM');
      await once(decode, 'exit');
    }
    await kafka?.stop();
    removeFolder(folder);
  });

  function writeConfig(site: string): void {
    const geoFile = join(folder, 'geo.mmdb');
    const config = {
      kafka: { brokers: kafka.brokers, partitions: 1 },
      log: { format: 'json' },
      decode: {
        anonymize: true,
        anonymize_key_file: join(folder, 'key'),
        enrich: {
          networks_file: networksFile,
          countries_file: geoFile,
          autonomous_systems_file: geoFile,
          poll_ms: 100,
          rules: [
            { alias: 'transit *', boundary: 'external' },
            { agent: 'bench', site },
          ],
        },
      },
    };
    // JSON is YAML.
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  }

  function startDecode(): void {
    decode = spawn(process.execPath, [tcxflow, 'decode', '--config', join(folder, 'config.yaml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    decode.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }

  async function until(condition: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 60_000; !condition(); await sleep(50))
      assert.ok(Date.now() < deadline && decode.exitCode === null, said);
  }

  /** Sends one raw batch. @returns what decode makes of it */
  async function send(): Promise<DecodedBatch> {
    batchSequence++;
    const value = sampleBatchCodec.encode({ ...rawBatch, batchSequence });
    await producer.send({ topic: topicNames.rawSamples, messages: [{ key: 'bench', value }] });
    const isIt = (batch: DecodedBatch) => batch.batchSequence === batchSequence;
    await until(() => decoded.some(isIt));
    return decoded.find(isIt) as DecodedBatch;
  }

  async function sendUntil(condition: (batch: DecodedBatch) => boolean): Promise<DecodedBatch> {
    for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
      const batch = await send();
      if (condition(batch)) return batch;
      assert.ok(Date.now() < deadline, said);
    }
  }

  test('samples have network, system and country, and leave with other addresses', async () => {
    const { samples, networks, autonomousSystems, agentSite } = await send();
    assert.equal(samples.length, rawBatch.samples.length);
    assert.deepEqual(networks.map(plain), [{ name: 'first', role: '', site: '', tenant: '' }]);
    assert.deepEqual(autonomousSystems.map(plain), [{ number: 64501, organisation: '' }]);
    assert.equal(agentSite, 'here');
    for (const { srcNetwork, dstAs, srcCountry, srcAddress, dstAddress } of samples) {
      assert.deepEqual([srcNetwork, dstAs, srcCountry], [1, 1, 'I'.charCodeAt(0) * 256 + 'S'.charCodeAt(0)]);
      for (const address of [srcAddress, dstAddress]) {
        assert.match(formatAddress(address), /^\d+\.\d+\.\d+\.\d+$/);
        assert.doesNotMatch(formatAddress(address), /^192\.0\.|^198\.51\./);
      }
    }
  });

  test('an alias that an agent tells of comes into use, with what the rules say of it', async () => {
    const link = {
      ifIndex: 2,
      netns: '',
      name: 'eth0',
      alias: 'transit Example',
      kind: 'physical',
      parent: 0,
      master: 0,
    };
    const more = {
      mac: '',
      mtu: 1500,
      speedBps: 0,
      adminUp: true,
      operUp: true,
      addresses: [],
      ingressRate: 1,
      egressRate: 1,
    };
    const value = countersCodec.encode({
      ...{ agent: rawBatch.agent, agentAddress: rawBatch.agentAddress, bootId: rawBatch.bootId, sequence: 1 },
      ...{ timeNs: rawBatch.baseTimeNs, interfaces: [], host: null },
      metadata: [{ ...link, ...more, validFromNs: rawBatch.baseTimeNs - 1n, removed: false }],
    });
    await producer.send({ topic: topicNames.counters, messages: [{ key: 'bench', value }] });
    const { sources } = await sendUntil((batch) => batch.sources[0]?.ifAlias !== '');
    for (const source of sources)
      assert.deepEqual([source.ifAlias, source.ifBoundary, source.ifProvider], ['transit Example', 'external', '']);
  });

  test('a file that changes is in use soon, a broken one never, and SIGHUP ends nothing', async () => {
    writeFileSync(networksFile, 'prefix,name\n0.0.0.0/0,second\n');
    await sendUntil(({ networks }) => networks[0]?.name === 'second');
    writeFileSync(networksFile, 'prefix,name\n0.0.0.0/0,third\n10.0.0.1/8,wrong\n');
    await until(() => /line 3: .{2,4}10\.0\.0\.1\/8.{2,4} has bits set/.test(said));
    assert.equal((await send()).networks[0]?.name, 'second');
    writeFileSync(networksFile, 'prefix,name\n0.0.0.0/0,fourth\n');
    decode.kill('SIGHUP');
    await sendUntil(({ networks }) => networks[0]?.name === 'fourth');
    assert.equal(decode.exitCode, null);
  });

  test('rules, databases and the key that change are in use soon; what of them is broken never', async () => {
    const [before] = (await send()).samples;
    writeConfig('there');
    assert.equal((await sendUntil(({ agentSite }) => agentSite !== 'here')).agentSite, 'there');
    writeFileSync(join(folder, 'config.yaml'), 'decode: {enrich: {rules: [{agent: 7}]}}');
    await until(() => /decode\.enrich\.rules/.test(said));
    assert.equal((await send()).agentSite, 'there');

    const isAs = (number: number) => (batch: DecodedBatch) =>
      batch.autonomousSystems.some((as) => as.number === number);
    writeFileSync(join(folder, 'geo.mmdb'), makeMmdb({ '0.0.0.0/0': { country: 'FR', asn: 'AS64502' } }));
    await sendUntil(isAs(64502));
    writeFileSync(join(folder, 'geo.mmdb'), 'no database');
    await until(() => said.includes('geo.mmdb'));
    assert.ok(isAs(64502)(await send()));

    writeFileSync(join(folder, 'key'), Buffer.alloc(32, 8));
    const { samples } = await sendUntil(
      (batch) => batch.samples[0]?.srcAddress.compare(before?.srcAddress ?? Buffer.of()) !== 0,
    );
    assert.equal(samples.length, rawBatch.samples.length);
    const after = samples[0]?.srcAddress;
    writeFileSync(join(folder, 'key'), 'short');
    await until(() => said.includes('neither 32 bytes nor 64 hexadecimal digits'));
    assert.deepEqual((await send()).samples[0]?.srcAddress, after);
    assert.equal(decode.exitCode, null);
    writeConfig('here');
  });

  test('without its key the service does not start', async () => {
    decode.kill('SIGTERM');
    await once(decode, 'exit');
    assert.equal(decode.exitCode, 0, said);
    writeFileSync(join(folder, 'key'), 'short');
    said = '';
    startDecode();
    const [code] = await once(decode, 'exit');
    assert.equal(code, 1);
    assert.match(said, /ANONYMIZE_KEY/);
  });
});
