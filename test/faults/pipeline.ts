// Engines, tables, workers and the known load of one run, in a folder of its own.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections, toYaml } from '@tcxflow/common/config.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { pino } from 'pino';
import { type CheckResult, check } from './check.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Load, startLoad } from './load.ts';
import type { Settings } from './plan.ts';
import { createTruth } from './truth.ts';
import { createWorkers, services, type Workers } from './workers.ts';

export interface PipelineOptions {
  /** Of the traffic. */
  seed: number;
  hosts: number;
  /** Of a batch. */
  samplesMax: number;
  settings: Settings;
  /** Begins with the seed and what else repeats the run. */
  title: string;
  say: (line: string) => void;
}

export interface Pipeline {
  readonly folder: string;
  readonly logs: string;
  readonly log: Logger;
  readonly engines: Engines;
  readonly workers: Workers;
  /** The load stops, all that was sent is waited for, and compared with the truth. */
  rest(): Promise<CheckResult & { isSent: boolean }>;
  /** Ends all. @param keepFolder otherwise it is removed */
  end(keepFolder: boolean): Promise<void>;
}

/** The least that Kafka takes. */
export const SESSION_TIMEOUT_MS = 6000;
const SENT_MS = 90_000;

export async function startPipeline({ seed, settings, title, say, ...size }: PipelineOptions): Promise<Pipeline> {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-faults-'));
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const log = pino({ level: 'info' }, pino.destination({ dest: join(logs, 'harness.log'), sync: true }));
  say(`${title}, ${JSON.stringify(settings)}, logs in ${logs}`);
  const engines = await startEngines(folder, log);
  const configFile = join(folder, 'faults.yaml');
  writeFileSync(configFile, toYaml(workerConfig(engines, settings)));
  const workers = createWorkers({ configFile, logs });
  const truth = createTruth();

  async function end(keepFolder: boolean): Promise<void> {
    await workers.endAll();
    await Promise.all([engines.kafka.stop(), engines.clickhouse.stop()]);
    if (keepFolder) say(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async function begin(): Promise<{ load: Load; fromMs: number }> {
    await prepareTables(engines);
    const fromMs = Date.now();
    const { brokers } = engines;
    const { partitions } = settings;
    const load = await startLoad({ ...size, brokers, partitions, folder, random: seededRandom(seed), truth, log });
    for (const service of services) for (let n = 0; n < settings.workers[service]; n++) workers.start(service);
    return { load, fromMs };
  }

  const { load, fromMs } = await begin().catch(async (error: unknown) => {
    await end(true);
    throw error;
  });
  return {
    ...{ folder, logs, log, engines, workers, end },
    async rest() {
      const isSent = await load.stop(SENT_MS);
      say('load stopped; waiting for rest');
      return { ...(await check({ engines, truth, hosts: load.hosts, fromMs })), isSent };
    },
  };
}

function workerConfig({ brokers, clickhouseUser }: Engines, settings: Settings) {
  const { partitions, windowMs, maxOpenFlows, blockRows, concurrency } = settings;
  return {
    kafka: { brokers, partitions, sessionTimeoutMs: SESSION_TIMEOUT_MS },
    clickhouse: { ...clickhouseUser, requestTimeoutMs: 8000 },
    log: { level: 'debug', format: 'json' },
    decode: { concurrency },
    aggregate: { windowMs, maxOpenFlows, allowedLatenessMs: 1000, idleTimeoutMs: 2000, concurrency },
    writer: { blockRows, flushIntervalMs: 300, concurrency, samples: true },
  };
}

async function prepareTables({ clickhouseUser }: Engines): Promise<void> {
  const client = createClickHouse({ ...commonSections.clickhouse.parse({}), ...clickhouseUser });
  await migrate(client);
  await client.close();
}
