// Known samples, and those that capture takes in the lab → the emitter → UDP → the receiver → the same pipeline once more: what is
// stored of the agents that came by sFlow is what is stored of those whose samples came directly, packet for packet.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections } from '@tcxflow/common/config.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { connect, recordingLog, skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { createLab } from '@tcxflow/lab/lab.ts';
import { parseAddress } from '@tcxflow/packet/address.ts';
import { ethernet, ipv4, ipv6, tag, tcp, udp } from '@tcxflow/packet/testing/frames.ts';
import type { RawSample, SourceState } from '@tcxflow/schemas/generated.ts';
import { countersCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { countersOf, interfaceCounters } from '@tcxflow/writer/testing/messages.ts';
import { scrape, sumOf } from '../../services/cli/up/scrape.ts';
import { untilReady } from '../support/processes.ts';
import { needsRoot } from '../support/require-root.ts';
import { until } from '../support/until.ts';
import { makeDataDir, tcxflow } from '../support/up.ts';

const agents = [
  { name: 'host-a', address: '192.0.2.1', rate: 100 },
  { name: 'host-b', address: '192.0.2.2', rate: 7 },
  { name: 'host-c', address: '2001:db8::c', rate: 1 },
];
const SAMPLES = 1500;
const interfaces = [
  { ifIndex: 2, ifName: 'uplink' },
  { ifIndex: 300, ifName: 'tenant-7' },
];
const random = seededRandom(5);
/** By capture. */
const sampled = {
  agent: 'host-lab',
  agent_address: '192.0.2.77',
  interfaces: [{ match: 'eth*', netns: `tcxflow-lab-${process.pid}-server`, rate: 20 }],
};

function frame(): Buffer {
  const host = () => 0x0a00_0000 + random.below(12);
  const payload = random.chance(50) ? { protocol: 6, bytes: tcp() } : { protocol: 17, bytes: udp(Buffer.alloc(50)) };
  const packet = random.chance(30)
    ? { type: 0x86dd, bytes: ipv6(payload.protocol, payload.bytes) }
    : { type: 0x0800, bytes: ipv4(payload.protocol, payload.bytes) };
  if (packet.type === 0x0800) packet.bytes.writeUInt32BE(host(), 12);
  const whole = random.chance(20)
    ? ethernet(0x8100, tag(1 + random.below(3), packet.type, packet.bytes))
    : ethernet(packet.type, packet.bytes);
  return whole.subarray(0, 128);
}

/** One agent's samples: numbers without gaps at each of four measuring points. */
function batchOf({ name, address, rate }: (typeof agents)[0], baseTimeMs: number) {
  const points = interfaces.flatMap((entry) =>
    (['ingress', 'egress'] as const).map((direction) => ({ ...entry, direction })),
  );
  const chosen = points.map(() => 0);
  const samples = Array.from({ length: SAMPLES }, (_, index): RawSample => {
    const source = random.below(points.length);
    const { direction } = points[source]!;
    const header = frame();
    const sequence = (chosen[source] as number) + 1;
    chosen[source] = sequence;
    return {
      ...{ source, sequence, timeOffsetNs: index * 1000 },
      ...{ samplingRate: rate, sampleCount: 1, segments: 1, etherType: header.readUInt16BE(12), header },
      wireBytes: header.length + random.below(1400),
      inputIfIndex: direction === 'egress' ? 9 : 0,
      outputIfIndex: direction === 'ingress' ? random.pick([0, 8]) : 0,
    };
  });
  const zero = { ringFull: 0, copyFailed: 0, own: 0, ownSelected: 0, lostOnWay: 0, linkType: 'ethernet' as const };
  const sources = points.map((point, index): SourceState => {
    const selected = chosen[index] as number;
    return { ...point, ...zero, packets: selected * rate, buffers: selected * rate, bytes: selected * 1000, selected };
  });
  return sampleBatchCodec.encode({
    ...{ agent: name, agentAddress: parseAddress(address) as Buffer, bootId: Buffer.alloc(16, rate), batchSequence: 1 },
    ...{ baseTimeNs: BigInt(baseTimeMs) * 1_000_000n, clockOffsetNs: 0n, clockUncertaintyNs: 0, sources, samples },
  });
}

test('what came by sFlow is stored as what came directly', {
  ...skipWithout('kafka', 'clickhouse'),
  timeout: 120_000,
}, async (t) => {
  const dataDir = makeDataDir(t);
  const [kafka, store] = await Promise.all([
    startKafka({ dataDir, log: recordingLog(), port: 0 }),
    startClickHouse({ dataDir, log: recordingLog(), httpPort: 0 }),
  ]);
  t.after(() => Promise.all([kafka.stop(), store.stop()]));
  const { url, username, password } = store;
  const client = createClickHouse({ ...commonSections.clickhouse.parse({}), url, username, password });
  t.after(() => client.close());
  await migrate(client);
  const ask = async (query: string) =>
    (await client.query({ query, format: 'JSONEachRow' })).json<Record<string, unknown>>();

  const services = await startServices();
  const producer = connect(kafka.brokers).producer();
  await producer.connect();
  t.after(() => producer.disconnect());
  const send = (topic: string, values: readonly Buffer[]) =>
    producer.send({ topic, messages: values.map((value, index) => ({ key: agents[index]!.name, value })) });

  // Names come first, so that all flows have them.
  await send(
    topicNames.counters,
    agents.map(({ name, address }) =>
      countersCodec.encode({
        ...countersOf({ interfaces: interfaces.map((entry) => interfaceCounters(entry)), host: null }),
        ...{ agent: name, agentAddress: parseAddress(address) as Buffer, timeNs: BigInt(Date.now()) * 1_000_000n },
      }),
    ),
  );
  await until(
    'what was sent has been published and stored',
    async () => (await services.metric('receiver', 'published_messages_total')) >= agents.length,
  );
  await send(
    topicNames.rawSamples,
    agents.map((agent) => batchOf(agent, Date.now())),
  );
  await until(
    'what was sent has been published and stored',
    async () => Number((await ask('SELECT sum(samples) AS n FROM flows'))[0]?.n) >= 2 * SAMPLES * agents.length,
  );

  assert.equal(await services.metric('receiver', 'lost_samples_total'), 0);
  for (const { name, address } of agents) {
    const [direct, received] = await Promise.all([name, address].map((agent) => ask(flowsOf(agent))));
    assert.ok(direct && direct.length > 50);
    assert.deepEqual(received, direct);
  }
  const names = await ask(`SELECT agent, ifIndex, name, kind, speedBps FROM interfaces FINAL ORDER BY agent, ifIndex`);
  const speedBps = interfaceCounters().ifSpeed;
  assert.deepEqual(
    names,
    agents.flatMap(({ address }) =>
      interfaces.map(({ ifIndex, ifName: name }) => ({ agent: address, ifIndex, name, kind: 'physical', speedBps })),
    ),
  );
  await t.test('the same of traffic in the lab', { skip: needsRoot() }, compareLab);
  await services.stop();

  async function compareLab(t: TestContext) {
    const lab = await createLab();
    t.after(() => lab.remove());
    const [name, address] = [sampled.agent, sampled.agent_address];
    await services.start('capture');
    await lab.startTraffic();
    await sleep(3000);
    await lab.stopTraffic();
    await services.stop('capture');
    const samplesOf = async (agent: string) =>
      Number((await ask(`SELECT sum(samples) AS n FROM flows WHERE agent = '${agent}'`))[0]?.n);
    const chosen = async () =>
      (await ask(`SELECT sum(samples) AS n FROM captured FINAL WHERE agent = '${name}'`))[0]?.n;
    await until('what was sent has been published and stored', async () => {
      const all = Number(await chosen());
      return all > 500 && (await samplesOf(name)) === all && (await samplesOf(address)) === all;
    });
    const [direct = [], received = []] = await Promise.all([name, address].map((agent) => ask(flowsOf(agent))));
    // Segments of a buffer are all as long as their mean, which sFlow has in whole bytes.
    const rounded = ({ bytes, ipBytes, bytesVariance, ...rest }: Record<string, unknown>) => rest;
    assert.deepEqual(received.map(rounded), direct.map(rounded));
    for (const [index, row] of direct.entries()) {
      const off = (field: string) => Math.abs(Number(received[index]?.[field]) - Number(row[field]));
      for (const field of ['bytes', 'ipBytes'])
        assert.ok(off(field) <= Number(row.packets) / 2, `${field} ${off(field)}`);
      assert.ok(off('bytesVariance') <= 0.01 * Number(row.bytesVariance), `variance ${off('bytesVariance')}`);
    }
  }

  /** Over all windows: sFlow has no time of a packet, so that some are in the next one. */
  function flowsOf(agent: string): string {
    const key = `ifIndex, ifName, direction, inputIfIndex, outputIfIndex, vlanId, etherType, srcAddress, dstAddress,
      protocol, srcPort, dstPort, stop`;
    const sums = ['samples', 'packets', 'bytes', 'ipBytes', 'packetsVariance', 'bytesVariance'];
    return `SELECT ${key}, ${sums.map((name) => `sum(flows.${name}) AS ${name}`)}, min(minLength) AS least
      FROM flows WHERE agent = '${agent}' GROUP BY ${key} ORDER BY ${key}`;
  }

  async function startServices() {
    const capture = { ...sampled, user: 'root', spool_folder: join(dataDir, 'spool') };
    const udpPort = await choosePort(0);
    const config = join(dataDir, 'services.yaml');
    const yaml = `
kafka: {brokers: [${kafka.brokers}], partitions: 1}
clickhouse: {url: "${url}", username: "${username}", password: "${password}"}
log: {level: warn}
aggregate: {window_ms: 1000, allowed_lateness_ms: 500, idle_timeout_ms: 500}
writer: {flush_interval_ms: 200}
capture: ${JSON.stringify(capture)}
receiver: {listen: ["[::1]:${udpPort}"]}
sflow: {collectors: [{address: "[::1]:${udpPort}", agents: ["host-*"], port_names: true}]}
`;
    writeFileSync(config, yaml);
    const running = new Map<string, { child: ChildProcess; http: number }>();
    t.after(() => running.forEach(({ child }) => void child.kill('SIGKILL')));
    async function start(name: string) {
      const http = await choosePort(0);
      const env = { ...process.env, TCXFLOW_HTTP__PORT: String(http) };
      const child = spawn(process.execPath, [tcxflow, name, '--config', config], { stdio: 'inherit', env });
      running.set(name, { child, http });
      await untilReady(name, child, http);
    }
    await Promise.all(['decode', 'aggregate', 'writer', 'sflow', 'receiver'].map(start));
    return {
      start,
      metric: async (service: string, name: string) =>
        sumOf(await scrape(`http://127.0.0.1:${running.get(service)?.http}`), `tcxflow_${service}_${name}`),
      async stop(only?: string) {
        const those = [...running].filter(([name]) => only === undefined || name === only);
        for (const [name, { child }] of those) {
          child.kill('SIGTERM');
          running.delete(name);
        }
        await Promise.all(those.map(([, { child }]) => child.exitCode ?? once(child, 'exit')));
      },
    };
  }
});
