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
import { cpuSecondsOf } from '../support/processes.ts';

const tcxflow = fileURLToPath(new URL('../../services/cli/tcxflow.mjs', import.meta.url));
export const PARTITIONS = 4;
const REQUEST_MESSAGES = 16;
const LOOK_MS = 50;
/** Each look costs the worker a millisecond, which a slow pace would show. */
const PACED_LOOK_MS = 1000;

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
  /** Further sections of the configuration, in YAML's flow style, a line each. @param folder for files it names */
  config?: (folder: string) => string;
  /** Of every topic. Default 4. */
  partitions?: number;
  /** Sent at this pace while the worker runs, once; default: all is there from the start. */
  messagesPerSecond?: number;
  runs: number;
}

/** Each run reads the backlog from its start, as a group of its own. */
export async function runWorker(options: WorkerOptions): Promise<WorkerRun[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-bench-'));
  const kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
  try {
    const feed = await openFeed(kafka.brokers, options);
    if (!options.messagesPerSecond) await feed.send(0);
    const runs: WorkerRun[] = [];
    for (let index = 0; index < options.runs; index++)
      runs.push(await measureRun(kafka.brokers, folder, `bench-${index}`, options, feed));
    await feed.close();
    return runs;
  } finally {
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Feed {
  /** @param messagesPerSecond 0: as fast as Kafka takes them */
  send(messagesPerSecond: number): Promise<void>;
  close(): Promise<void>;
}

async function openFeed(brokers: readonly string[], { load, partitions = PARTITIONS }: WorkerOptions): Promise<Feed> {
  const config = {
    brokers: [...brokers],
    partitions,
    replicationFactor: 1,
    compression: 'zstd' as const,
    sessionTimeoutMs: 30_000,
  };
  await waitForKafka(config, quietLog, new AbortController().signal);
  const producer = createRenewingProducer(createKafka(config, 'bench', quietLog));
  await producer.start();
  return {
    async send(messagesPerSecond) {
      const startedAt = performance.now();
      let batch: { partition: number; key: string; value: Buffer }[] = [];
      const sendBatch = async () => {
        const topicMessages = [{ topic: load.topic, messages: batch }];
        await producer.sendBatch({ compression: compressionTypes.zstd, topicMessages });
        batch = [];
      };
      let index = 0;
      for (const value of load.messages) {
        batch.push({ partition: index++ % partitions, key: 'bench', value });
        const early = messagesPerSecond > 0 ? startedAt + (index / messagesPerSecond) * 1000 - performance.now() : 0;
        if (early > 1) {
          await sendBatch();
          await sleep(early);
        } else if (batch.length === REQUEST_MESSAGES) await sendBatch();
      }
      if (batch.length > 0) await sendBatch();
    },
    close: async () => producer.stop(AbortSignal.timeout(5000)),
  };
}

async function measureRun(
  brokers: readonly string[],
  folder: string,
  group: string,
  options: WorkerOptions,
  feed: Feed,
): Promise<WorkerRun> {
  const port = await choosePort(0);
  const configFile = join(folder, `${group}.yaml`);
  writeFileSync(
    configFile,
    `kafka: {brokers: [${brokers}]}\nhttp: {port: ${port}}\nlog: {level: warn}\n${options.config?.(folder) ?? ''}\n`,
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
  const lookMs = options.messagesPerSecond ? PACED_LOOK_MS : LOOK_MS;
  try {
    const sent = options.messagesPerSecond ? feed.send(options.messagesPerSecond) : undefined;
    let first = 0;
    while (first === 0) {
      if (child.exitCode !== null) throw new Error(`${options.service} ended with ${child.exitCode}`);
      await sleep(lookMs);
      first = await done();
    }
    // What came before this moment was compiled in it.
    counting = true;
    const startedAt = performance.now();
    const cpuBefore = cpuSecondsOf(pid).total;
    let last = first;
    while (last < options.samples) {
      await sleep(lookMs);
      last = await done();
    }
    await sent;
    return {
      samplesPerSecond: ((last - first) * 1000) / (performance.now() - startedAt),
      cpuSecondsPerMillion: ((cpuSecondsOf(pid).total - cpuBefore) / (last - first)) * 1e6,
      residentMegabytes: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
      gcMaxMs,
    };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}
