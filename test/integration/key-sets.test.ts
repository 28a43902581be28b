// Key sets as the services run them: two aggregate workers of which one is killed, a real Kafka, and the store.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeySetConfig } from '@tcxflow/aggregate/key-set.ts';
import { naiveFlows } from '@tcxflow/aggregate/testing/naive.ts';
import { naiveSummaries } from '@tcxflow/aggregate/testing/naive-summaries.ts';
import { randomBatch } from '@tcxflow/aggregate/testing/random-batch.ts';
import { sumSummaries } from '@tcxflow/aggregate/testing/summary-sums.ts';
import { waitForKafka } from '@tcxflow/common/kafka.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { type EmbeddedKafka, startKafka } from '@tcxflow/embedded/kafka.ts';
import {
  connect,
  recordingLog,
  removeFolder,
  skipWithout,
  temporaryFolder,
} from '@tcxflow/embedded/testing/engines.ts';
import type { Flow, FlowSummary } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, flowCodec, flowSummaryCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { summary } from '@tcxflow/writer/testing/summaries.ts';
import type { Consumer } from 'kafkajs';
import { makeFlows } from '../support/flows.ts';
import { openStore, type Store } from '../support/store.ts';
import { until } from '../support/until.ts';
import { tcxflow } from '../support/up.ts';

const PARTITIONS = 4;
const BATCHES = 600;
const HOUR_MS = 3_600_000;
const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
const keySets: KeySetConfig[] = [
  {
    name: 'tuple',
    windowMs: 60_000,
    key: ['srcAddress', 'dstAddress', 'protocol', 'srcPort', 'dstPort'],
    prefixV4: 32,
    prefixV6: 128,
  },
  { name: 'as', windowMs: 10_000, key: ['srcAddress', 'dstAddress', 'srcAs', 'dstAs'], prefixV4: 24, prefixV6: 5 },
];

const samplesOf = (rows: readonly { samples: number }[]) => rows.reduce((sum, { samples }) => sum + samples, 0);

describe('aggregate with key sets', skipWithout('kafka'), () => {
  const folder = temporaryFolder();
  const workers: ChildProcess[] = [];
  const flows: Flow[] = [];
  const summaries: FlowSummary[] = [];
  let kafka: EmbeddedKafka;
  let reader: Consumer;

  before(async () => {
    kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
    const config = {
      kafka: { brokers: kafka.brokers, partitions: PARTITIONS, session_timeout_ms: 6000 },
      log: { level: 'warn' },
      aggregate: {
        allowed_lateness_ms: 2000,
        idle_timeout_ms: 1000,
        key_sets: keySets.map(({ name, windowMs, key, prefixV4, prefixV6 }) => ({
          ...{ name, key, window_ms: windowMs, prefix_v4: prefixV4, prefix_v6: prefixV6 },
        })),
      },
    };
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config)); // JSON is YAML
  });
  after(async () => {
    await reader?.disconnect();
    for (const worker of workers.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      worker.kill('SIGTERM');
      await once(worker, 'exit');
    }
    await kafka?.stop();
    removeFolder(folder);
  });

  function startWorker(): ChildProcess {
    const worker = spawn(process.execPath, [tcxflow, 'aggregate', '--config', join(folder, 'config.yaml')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    workers.push(worker);
    return worker;
  }

  test('each set has every sample once, also of a worker that was killed', async () => {
    const { brokers } = kafka;
    const client = connect(brokers);
    const layout = { brokers: [...brokers], partitions: PARTITIONS, replicationFactor: 1 };
    await waitForKafka(
      { ...layout, compression: 'none', sessionTimeoutMs: 6000 },
      quietLog,
      new AbortController().signal,
    );
    reader = client.consumer({ groupId: 'test' });
    await reader.connect();
    await reader.subscribe({ topics: [topicNames.flows, topicNames.flowSummaries], fromBeginning: true });
    await reader.run({
      eachMessage: async ({ topic, message: { value } }) => {
        if (topic === topicNames.flows) flows.push(flowCodec.decode(value));
        else summaries.push(flowSummaryCodec.decode(value));
      },
    });

    const random = seededRandom(5);
    const batches = Array.from({ length: BATCHES }, (_, offset) =>
      randomBatch(random, offset, BigInt(hour + offset * 500) * 1_000_000n),
    );
    const producer = client.producer();
    await producer.connect();
    const [killed] = [startWorker(), startWorker()];
    for (const [index, batch] of batches.entries()) {
      const value = decodedBatchCodec.encode(batch);
      await producer.send({ topic: topicNames.decodedSamples, messages: [{ partition: index % PARTITIONS, value }] });
      if (index !== BATCHES / 2) continue;
      await until('the first summaries', () => summaries.length > 0);
      killed?.kill('SIGKILL');
      startWorker();
    }
    await producer.disconnect();

    const expected = samplesOf(naiveFlows(batches, 60_000));
    await until(
      'all flows and summaries',
      () => samplesOf(flows) >= expected && samplesOf(summaries) >= keySets.length * expected,
    );
    await sleep(1000); // what would come twice
    assert.equal(samplesOf(flows), expected);
    const naive = sumSummaries(keySets.flatMap((keySet) => naiveSummaries(batches, keySet)));
    assert.deepEqual(new Map([...sumSummaries(summaries)].sort()), new Map([...naive].sort()));
  });
});

describe('summaries and conversations in the store', skipWithout('clickhouse'), () => {
  let store: Store;
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  before(async () => {
    store = await openStore();
  });
  after(() => store?.stop());

  test('summaries are rows as they are, once, whatever is repeated', async () => {
    const sent = [
      summary({ windowStart: hour }),
      summary({ windowStart: hour, late: true, direction: 'egress', dstAs: 7 }),
    ];
    const messages = sent.map((each) => flowSummaryCodec.encode(each));
    for (let round = 0; round < 3; round++) await store.write(topicNames.flowSummaries, 5, messages);
    assert.deepEqual(
      await store.ask(`SELECT keySet, keyFields, late, direction, srcAs, dstAs, samples, bytes, bytesVariance, lastNs
                       FROM flow_summaries ORDER BY late`),
      sent.map(({ keySet, keyFields, late, direction, srcAs, dstAs, samples, bytes, bytesVariance }) => ({
        ...{ keySet, keyFields, late, direction, srcAs, dstAs, samples, bytes, bytesVariance },
        lastNs: '2026-01-01T00:00:09.999999999Z',
      })),
    );
  });

  test('both directions of what an interface saw are one row, whoever began, and sum up to the flows', async () => {
    const there = makeFlows(3000, hour + 60_000, 1).map((flow, index) => ({
      ...flow,
      communityId: index % 2 ? '1:x' : '',
    }));
    const back = there.flatMap((flow, index) =>
      index % 3 === 0
        ? []
        : {
            ...flow,
            ...{
              srcAddress: flow.dstAddress,
              dstAddress: flow.srcAddress,
              srcPort: flow.dstPort,
              dstPort: flow.srcPort,
            },
            ...{ outerSrcAddress: flow.outerDstAddress, outerDstAddress: flow.outerSrcAddress },
            ...{ direction: flow.direction === 'ingress' ? ('egress' as const) : ('ingress' as const), dscp: 8 },
            bytes: flow.bytes + 1,
          },
    );
    const flows: Flow[] = [...there, ...back];
    await store.write(
      topicNames.flows,
      0,
      flows.map((flow) => flowCodec.encode(flow)),
    );
    const rows = await store.ask<Record<string, unknown>>(
      `SELECT agent, ifIndex, protocol, hex(lowAddress) AS low, lowPort, hex(highAddress) AS high, highPort, vlanId, tunnelId,
              samplesForward, samplesBack, bytesForward, bytesBack, tcpFlagsForward, tcpFlagsBack
       FROM flows_bidirectional(from = '${text(hour)}', to = '${text(hour + HOUR_MS)}')`,
    );
    const expected = new Map<string, number[]>();
    for (const flow of flows) {
      const isIcmp = flow.protocol === 1 || flow.protocol === 58;
      const ends = [
        [flow.srcAddress.toString('hex').toUpperCase(), isIcmp ? 0 : flow.srcPort],
        [flow.dstAddress.toString('hex').toUpperCase(), isIcmp ? 0 : flow.dstPort],
      ] as [string, number][];
      const [[from, fromPort], [to, toPort]] = ends as [[string, number], [string, number]];
      const forward = from < to || (from === to && fromPort <= toPort);
      const key = JSON.stringify([
        ...[flow.agent, flow.ifIndex, flow.protocol, ...(forward ? ends : ends.reverse()).flat()],
        ...[flow.vlanId, flow.tunnelId],
      ]);
      const sums = expected.get(key) ?? [0, 0, 0, 0, 0, 0];
      expected.set(key, sums);
      const at = forward ? 0 : 1;
      sums[at] = (sums[at] as number) + flow.samples;
      sums[2 + at] = (sums[2 + at] as number) + flow.bytes;
      sums[4 + at] = (sums[4 + at] as number) | flow.tcpFlags;
    }
    const got = rows.map((row) => Object.values(row)).map((row) => [JSON.stringify(row.slice(0, 9)), row.slice(9)]);
    assert.equal(got.length, expected.size);
    assert.deepEqual(new Map(got as [string, number[]][]), expected);
    assert.ok(expected.size < flows.length);
  });
});
