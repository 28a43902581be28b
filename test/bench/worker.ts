// A worker between two topics of a real Kafka on this machine: how fast it clears a backlog, and what that costs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compressionTypes, createKafka, waitForKafka } from '@tcxflow/common/kafka.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { scrape, sumOf } from '../../services/cli/up/scrape.ts';

const tcxflow = fileURLToPath(new URL('../../services/cli/tcxflow.mjs', import.meta.url));
const CLOCK_TICKS_PER_SECOND = 100;
export const PARTITIONS = 4;
const REQUEST_MESSAGES = 16;
const LOOK_MS = 50;

export interface Load {
  topic: string;
  /** Spread over the partitions in turn. */
  messages: Iterable<Buffer>;
}

export interface WorkerRun {
  samplesPerSecond: number;
  cpuSecondsPerMillion: number;
  residentMegabytes: number;
  /** Longest pause of a garbage collection, in ms. */
  gcMaxMs: number;
}

export interface WorkerOptions {
  service: string;
  load: Load;
  /** Samples in all messages. */
  samples: number;
  /** Counts them as they are done. */
  metric: string;
  /** Further sections of the configuration, in YAML's flow style, a line each. */
  config?: string;
  runs: number;
}

/** Each run reads the backlog from its start, as a group of its own. */
export async function runWorker(options: WorkerOptions): Promise<WorkerRun[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-bench-'));
  const kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
  try {
    await fill(kafka.brokers, options.load);
    const runs: WorkerRun[] = [];
    for (let index = 0; index < options.runs; index++)
      runs.push(await measureRun(kafka.brokers, folder, `bench-${index}`, options));
    return runs;
  } finally {
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(brokers: readonly string[], { topic, messages }: Load): Promise<void> {
  const config = {
    brokers: [...brokers],
    partitions: PARTITIONS,
    replicationFactor: 1,
    compression: 'zstd' as const,
    sessionTimeoutMs: 30_000,
  };
  await waitForKafka(config, quietLog, new AbortController().signal);
  const producer = createRenewingProducer(createKafka(config, 'bench', quietLog));
  await producer.start();
  let batch: { partition: number; key: string; value: Buffer }[] = [];
  const send = async () => {
    await producer.sendBatch({ compression: compressionTypes.zstd, topicMessages: [{ topic, messages: batch }] });
    batch = [];
  };
  let index = 0;
  for (const value of messages) {
    batch.push({ partition: index++ % PARTITIONS, key: 'bench', value });
    if (batch.length === REQUEST_MESSAGES) await send();
  }
  if (batch.length > 0) await send();
  await producer.stop(AbortSignal.timeout(5000));
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

async function measureRun(
  brokers: readonly string[],
  folder: string,
  group: string,
  options: WorkerOptions,
): Promise<WorkerRun> {
  const port = await choosePort(0);
  const configFile = join(folder, `${group}.yaml`);
  writeFileSync(
    configFile,
    `kafka: {brokers: [${brokers}]}\nhttp: {port: ${port}}\nlog: {level: warn}\n${options.config ?? ''}\n`,
  );
  const env = { ...process.env, [`TCXFLOW_${options.service.toUpperCase()}__GROUP_ID`]: group };
  const child = spawn(process.execPath, ['--trace-gc', tcxflow, options.service, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const pid = child.pid ?? 0;
  let gcMaxMs = 0;
  let counting = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!counting) return;
    for (const [, ms] of text.matchAll(/MB, (?:pooled: \d+ MB, )?([\d.]+) \/ /g))
      gcMaxMs = Math.max(gcMaxMs, Number(ms));
  });
  const done = async () =>
    sumOf(await scrape(`http://127.0.0.1:${port}`).catch(() => []), `tcxflow_${options.service}_${options.metric}`);
  try {
    let first = 0;
    while (first === 0) {
      if (child.exitCode !== null) throw new Error(`${options.service} ended with ${child.exitCode}`);
      await sleep(LOOK_MS);
      first = await done();
    }
    // What came before this moment was compiled in it.
    counting = true;
    const startedAt = performance.now();
    const cpuBefore = cpuSeconds(pid);
    let last = first;
    while (last < options.samples) {
      await sleep(LOOK_MS);
      last = await done();
    }
    return {
      samplesPerSecond: ((last - first) * 1000) / (performance.now() - startedAt),
      cpuSecondsPerMillion: ((cpuSeconds(pid) - cpuBefore) / (last - first)) * 1e6,
      residentMegabytes: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
      gcMaxMs,
    };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}
