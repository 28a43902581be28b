// What a second worker of each kind adds: a backlog, one worker at it, then two, each with the same share of a processor.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections, toYaml } from '@tcxflow/common/config.ts';
import { createKafka, waitForKafka } from '@tcxflow/common/kafka.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import type { Admin } from 'kafkajs';
import { fill, inputs, PARTITIONS } from './backlog.ts';
import { startEngines } from './engines.ts';
import { committed } from './rest.ts';
import { throttle } from './throttle.ts';
import { createWorkers, type Service, services, type Workers } from './workers.ts';

export interface Throughput {
  service: Service;
  /** Messages a second. */
  one: number;
  two: number;
}

interface Measurement {
  /** Of a processor, for one worker: so that two and the engines find enough on two cores. */
  share: number;
  /** Until what was read ahead before the change is done. */
  settleMs: number;
  measureMs: number;
}

/** ClickHouse needs large blocks to keep up with two writers, and so the writer has few commits. */
const measurements: Record<Service, Measurement> = {
  decode: { share: 0.1, settleMs: 4000, measureMs: 6000 },
  aggregate: { share: 0.1, settleMs: 4000, measureMs: 8000 },
  writer: { share: 0.03, settleMs: 8000, measureMs: 16_000 },
};
const BLOCK_ROWS = 20_000;
const BEGIN_MS = 60_000;
const LOOK_MS = 50;

async function done(admin: Admin, service: Service): Promise<number> {
  const offsets = await committed(admin, `tcxflow-${service}`, inputs[service]);
  return offsets.values().reduce((sum, offset) => sum + Math.max(0, offset), 0);
}

/** From a commit to a commit, as blocks are large. @throws {Error} the backlog is done before the time is over */
async function rate(admin: Admin, service: Service): Promise<number> {
  const commits: { at: number; messages: number }[] = [];
  let messages = await done(admin, service);
  for (
    const until = performance.now() + measurements[service].measureMs;
    performance.now() < until;
    await sleep(LOOK_MS)
  ) {
    const before = messages;
    messages = await done(admin, service);
    if (messages !== before) commits.push({ at: performance.now(), messages });
  }
  const ends = await admin.fetchTopicOffsets(inputs[service]);
  if (messages >= 0.98 * ends.reduce((sum, { high }) => sum + Number(high), 0))
    throw new Error(`${service}: the backlog is too small`);
  const [first, last] = [commits[0], commits.at(-1)];
  if (!first || !last || first === last) throw new Error(`${service}: too few commits`);
  return ((last.messages - first.messages) * 1000) / (last.at - first.at);
}

/** A start takes more than the share. */
async function startThrottled(workers: Workers, service: Service, begun: () => Promise<boolean>) {
  const worker = workers.start(service);
  for (const until = performance.now() + BEGIN_MS; !(await begun()); await sleep(LOOK_MS))
    if (performance.now() > until) throw new Error(`${worker.name} does not begin`);
  return { worker, release: throttle(worker, measurements[service].share) };
}

async function measure(admin: Admin, workers: Workers, service: Service): Promise<Throughput> {
  const groupId = `tcxflow-${service}`;
  const members = async (count: number) => {
    const { groups } = await admin.describeGroups([groupId]);
    return groups[0]?.state === 'Stable' && groups[0].members.length === count;
  };
  const first = await startThrottled(workers, service, async () => (await done(admin, service)) > 0);
  await sleep(measurements[service].settleMs);
  const one = await rate(admin, service);
  const second = await startThrottled(workers, service, () => members(2));
  await sleep(measurements[service].settleMs);
  const two = await rate(admin, service);
  for (const { worker, release } of [first, second]) {
    release();
    await worker.end('SIGKILL');
  }
  return { service, one, two };
}

export async function runThroughput(say: (line: string) => void): Promise<Throughput[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tcxflow-throughput-'));
  const logs = join(dataDir, 'logs');
  mkdirSync(logs);
  const { kafka, clickhouse, brokers, clickhouseUser } = await startEngines(dataDir, quietLog);
  const kafkaConfig = { ...commonSections.kafka.parse({}), brokers, partitions: PARTITIONS };
  const configFile = join(dataDir, 'workers.yaml');
  const aggregate = { windowMs: 2000, allowedLatenessMs: 0 };
  writeFileSync(
    configFile,
    toYaml({ kafka: { brokers }, clickhouse: clickhouseUser, aggregate, writer: { blockRows: BLOCK_ROWS } }),
  );
  const workers = createWorkers({ configFile, logs });
  const admin = createKafka(kafkaConfig, 'faults', quietLog).admin();
  try {
    const client = createClickHouse({ ...commonSections.clickhouse.parse({}), ...clickhouseUser });
    await migrate(client);
    await client.close();
    await waitForKafka(kafkaConfig, quietLog, new AbortController().signal);
    await admin.connect();
    const results: Throughput[] = [];
    // Upwards: what one writes must not be another's backlog.
    for (const service of services.toReversed()) {
      await fill(kafkaConfig, service);
      const result = await measure(admin, workers, service);
      const [one, two] = [result.one, result.two].map((value) => Math.round(value).toLocaleString('en'));
      const share = `${100 * measurements[service].share} % of a processor each`;
      const times = (result.two / result.one).toFixed(2);
      say(`${service}: ${one} messages/s with one, ${two} with two, × ${times} (${share})`);
      results.push(result);
    }
    return results;
  } finally {
    await workers.endAll();
    await admin.disconnect();
    await Promise.all([kafka.stop(), clickhouse.stop()]);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}
