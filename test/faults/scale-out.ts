// A second worker of each kind: what it adds, and how long partitions stand still when it comes and when it goes. Each worker
// runs a part of the time only (SIGSTOP, SIGCONT): so the machine has room for a second, and the workers are what is scarce.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections, toYaml } from '@tcxflow/common/config.ts';
import { createKafka, waitForKafka } from '@tcxflow/common/kafka.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import type { Admin } from 'kafkajs';
import { backlogs, fill, PARTITIONS } from './backlog.ts';
import { type Progress, watchProgress } from './progress.ts';
import { createWorkers, type Service, services, type Worker, type Workers } from './workers.ts';

export interface ScaleOut {
  service: Service;
  one: Progress;
  /** From the moment that the second is started. */
  joining: Progress;
  two: Progress;
  /** From the moment that the second is asked to end. */
  leaving: Progress;
}

const RUNNING_MS = 20;
const STOPPED_MS = 80;
const SETTLE_MS = 6000;
const MEASURE_MS = 10_000;
const CHANGE_MS = 8000;

/** @returns a function that lets it run all the time again */
function throttle(worker: Worker): () => void {
  let on = true;
  const loop = async () => {
    while (on) {
      worker.signal('SIGSTOP');
      await sleep(STOPPED_MS);
      worker.signal('SIGCONT');
      await sleep(RUNNING_MS);
    }
  };
  void loop();
  return () => {
    on = false;
    worker.signal('SIGCONT');
  };
}

async function measure(admin: Admin, workers: Workers, service: Service): Promise<ScaleOut> {
  const { topic } = backlogs[service];
  const watch = (forMs: number) => watchProgress(admin, `tcxflow-${service}`, topic, forMs);
  const first = workers.start(service);
  // Starting takes its time: only then is it throttled.
  while ((await watch(500)).perSecond === 0);
  const release = throttle(first);
  await sleep(SETTLE_MS / 2);
  const one = await watch(MEASURE_MS);
  const second = workers.start(service);
  const joining = await watch(CHANGE_MS);
  const releaseSecond = throttle(second);
  await sleep(SETTLE_MS);
  const two = await watch(MEASURE_MS);
  releaseSecond();
  const ended = second.end('SIGTERM');
  const leaving = await watch(CHANGE_MS);
  await ended;
  release();
  await first.end('SIGTERM');
  return { service, one, joining, two, leaving };
}

export async function runScaleOut(say: (line: string) => void): Promise<ScaleOut[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tcxflow-scale-out-'));
  const logs = join(dataDir, 'logs');
  mkdirSync(logs);
  const log = recordingLog();
  const kafka = await startKafka({ dataDir, log, port: 0 });
  const clickhouse = await startClickHouse({ dataDir, log, httpPort: 0 });
  const kafkaConfig = { ...commonSections.kafka.parse({}), brokers: kafka.brokers, partitions: PARTITIONS };
  const { url, username, password } = clickhouse;
  const configFile = join(dataDir, 'workers.yaml');
  writeFileSync(
    configFile,
    toYaml({
      kafka: { brokers: kafka.brokers },
      clickhouse: { url, username, password },
      aggregate: { windowMs: 2000, allowedLatenessMs: 0 },
      writer: { blockRows: 5000 },
    }),
  );
  const workers = createWorkers({ configFile, logs });
  const admin = createKafka(kafkaConfig, 'faults', quietLog).admin();
  try {
    const client = createClickHouse({ ...commonSections.clickhouse.parse({}), url, username, password });
    await migrate(client);
    await client.close();
    await waitForKafka(kafkaConfig, quietLog, new AbortController().signal);
    await admin.connect();
    const results: ScaleOut[] = [];
    for (const service of services) {
      await fill(kafkaConfig, service);
      const result = await measure(admin, workers, service);
      say(resultLine(result));
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

function resultLine({ service, one, joining, two, leaving }: ScaleOut): string {
  const pauses = [one, joining, two, leaving].map(({ longestPauseMs }) => `${(longestPauseMs / 1000).toFixed(1)} s`);
  const rates = [one, two].map(({ perSecond }) => Math.round(perSecond));
  const ended = [one, joining, two, leaving].some((progress) => progress.ended) ? ', the backlog ended too early' : '';
  return `${service}: ${rates[0]} messages/s with one, ${rates[1]} with two (× ${(two.perSecond / one.perSecond).toFixed(2)}); longest pause with one ${pauses[0]}, while the second comes ${pauses[1]}, with two ${pauses[2]}, while it goes ${pauses[3]}${ended}`;
}
