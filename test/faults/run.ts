// One run: engines, workers, load, faults, rest, check, and what to say of it.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections, toYaml } from '@tcxflow/common/config.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { pino } from 'pino';
import { check } from './check.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Event, inject } from './inject.ts';
import { startLoad } from './load.ts';
import { describeFault, makePlan, type Settings } from './plan.ts';
import { reportDeviations } from './report.ts';
import { createTruth } from './truth.ts';
import { createWorkers, services } from './workers.ts';

export interface RunOptions {
  seed: number;
  /** Of load and faults. */
  durationMs: number;
  /** Between faults, on average. */
  everyMs: number;
  hosts: number;
  /** Of a batch. */
  samplesMax: number;
  say: (line: string) => void;
  /** Also without a deviation. */
  keepFolder: boolean;
}

export interface RunResult {
  faults: number;
  samples: number;
  flows: number;
  repeatedBatches: number;
  /** Lines that say what is wrong; [] = nothing. */
  problems: string[];
}

const CALM_MS = 2000;
const SENT_MS = 90_000;

export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { seed, say } = options;
  const { settings, faults } = makePlan(seed, options.durationMs, options.everyMs);
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-faults-'));
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const log = pino({ level: 'info' }, pino.destination({ dest: join(logs, 'harness.log'), sync: true }));
  say(`seed ${seed}, ${faults.length} faults, ${JSON.stringify(settings)}, logs in ${logs}`);
  const engines = await startEngines(folder, log);
  const configFile = join(folder, 'faults.yaml');
  writeFileSync(configFile, toYaml(workerConfig(engines, settings)));
  const workers = createWorkers({ configFile, logs });
  const truth = createTruth();
  const events: Event[] = [];
  let clean = false;
  try {
    await prepareTables(engines);
    const random = seededRandom(seed + 1);
    const { brokers } = engines;
    const fromMs = Date.now();
    const load = await startLoad({ ...options, brokers, partitions: settings.partitions, folder, random, truth, log });
    for (const service of services) for (let n = 0; n < settings.workers[service]; n++) workers.start(service);
    const beganMs = Date.now();
    await inject(faults, {
      engines,
      workers,
      seed: seed + 2,
      onEvent(event) {
        events.push(event);
        say(eventLine(event, beganMs));
        log.info(event, 'fault');
      },
    });
    await sleep(Math.max(CALM_MS, beganMs + options.durationMs - Date.now()));
    const isSent = await load.stop(SENT_MS);
    say('load stopped; waiting for rest');
    const result = await check({ engines, truth, hosts: load.hosts, fromMs });
    const problems = [
      ...(isSent ? [] : ['the load could not send all of its samples']),
      ...reportDeviations(result.deviations, events),
    ];
    if (problems.length > 0)
      problems.push(...result.repeated.map((batch) => `sent twice: ${batch}`), ...markersSkipped(folder));
    clean = problems.length === 0;
    const { samples, flows, repeated } = result;
    return { faults: events.length, samples, flows, repeatedBatches: repeated.length, problems };
  } finally {
    await workers.endAll();
    await Promise.all([engines.kafka.stop(), engines.clickhouse.stop()]);
    if (clean && !options.keepFolder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    else {
      const planned = faults.map((fault) => `${fault.atMs} ms ${describeFault(fault)}\n`).join('');
      writeFileSync(join(logs, 'plan.txt'), planned);
      say(`kept: ${folder}`);
    }
  }
}

/** KAFKA-20734: these transactions were closed without markers, so that what they wrote counts beside what was made again. */
function markersSkipped(folder: string): string[] {
  const lines = readFileSync(join(folder, 'kafka/logs/kafka.log'), 'utf8').split('\n');
  return lines.filter((line) => line.includes('likely deleted already')).map((line) => `Kafka (KAFKA-20734): ${line}`);
}

function workerConfig({ brokers, clickhouseUser }: Engines, settings: Settings) {
  const { partitions, windowMs, maxOpenFlows, blockRows, concurrency } = settings;
  return {
    kafka: { brokers, partitions, sessionTimeoutMs: 6000 },
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

function eventLine({ what, startedMs, endedMs, note }: Event, beganMs: number): string {
  const at = new Date(startedMs).toISOString().slice(11, 23);
  const took = ((endedMs - startedMs) / 1000).toFixed(1);
  const after = ((startedMs - beganMs) / 1000).toFixed(1);
  return `${at} +${after} s, ${took} s: ${what}${note ? ` (${note})` : ''}`;
}
