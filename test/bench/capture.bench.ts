// From the kernel to encoded batches, and to Kafka: samples per second, CPU, losses, memory, and what sampling costs the
// traffic itself. A generator on one core sends into a pair of namespaces. Needs root.

import { fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { scrape, sumOf } from '../../services/cli/up/scrape.ts';
import { createLinkPair, type LinkPair } from '../support/link-pair.ts';
import { cpuSecondsOf, untilReady } from '../support/processes.ts';
import { type Measurement, summarize } from './measure.ts';
import { generate, type RingRequest, type RingRun } from './ring.ts';

const tcxflow = fileURLToPath(new URL('../../services/cli/tcxflow.mjs', import.meta.url));
const RUNS = 3;
/** Where wake-ups and not records are the cost. */
const STEADY_PPS = 200_000;

interface RingReader {
  run(rate: number, packetsPerSecond?: number): Promise<RingRun>;
  stop(): void;
}

function startRingReader({ near, far }: LinkPair): RingReader {
  const child = fork(fileURLToPath(new URL('ring.ts', import.meta.url)));
  return {
    run: (rate, packetsPerSecond = 0) =>
      new Promise((resolve, reject) => {
        const onExit = (code: number | null) => reject(new Error(`ring.ts ended with ${code}`));
        child.once('exit', onExit);
        child.once('message', (run) => {
          child.off('exit', onExit);
          resolve(run as RingRun);
        });
        child.send({ near, far, rate, packetsPerSecond } satisfies RingRequest);
      }),
    stop: () => child.disconnect(),
  };
}

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

interface ServiceRun {
  cpuSecondsPerMillion: number;
  kernelSecondsPerMillion: number;
  residentMegabytes: number;
  samplesPerSecond: number;
  lost: number;
}

/** The real service, to a real Kafka on this machine. */
async function serviceRuns(pair: LinkPair, rate: number, packetsPerSecond: number): Promise<ServiceRun[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-bench-'));
  const kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
  const port = await choosePort(0);
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    `kafka: {brokers: [${kafka.brokers}]}\nhttp: {port: ${port}}\nlog: {level: warn}\n` +
      `capture: {spool_folder: ${folder}/spool, interfaces: [{match: eth0, netns: ${pair.near}, rate: ${rate}, fib: false}]}\n`,
  );
  const child = spawn(process.execPath, [tcxflow, 'capture', '--config', config], { stdio: 'ignore' });
  try {
    await untilReady('capture', child, port);
    const runs: ServiceRun[] = [];
    await serviceRun(child.pid ?? 0, port, pair, packetsPerSecond); // warm-up
    for (let index = 0; index < RUNS; index++)
      runs.push(await serviceRun(child.pid ?? 0, port, pair, packetsPerSecond));
    return runs;
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function serviceRun(pid: number, port: number, pair: LinkPair, packetsPerSecond: number): Promise<ServiceRun> {
  const read = async () => {
    const samples = await scrape(`http://127.0.0.1:${port}`);
    return {
      published: sumOf(samples, 'tcxflow_capture_published_samples_total'),
      lost: sumOf(samples, 'tcxflow_capture_lost_samples_total'),
      waiting: sumOf(samples, 'tcxflow_capture_queue_bytes'),
    };
  };
  const before = await read();
  const cpuBefore = cpuSecondsOf(pid);
  const { seconds } = await generate(pair.far, packetsPerSecond);
  let after = await read();
  for (let last = -1; after.published !== last || after.waiting > 0; ) {
    last = after.published;
    await new Promise((resolve) => setTimeout(resolve, 300));
    after = await read();
  }
  const published = after.published - before.published;
  const cpu = cpuSecondsOf(pid);
  const user = cpu.user - cpuBefore.user;
  const kernel = cpu.kernel - cpuBefore.kernel;
  return {
    cpuSecondsPerMillion: ((user + kernel) / published) * 1e6,
    kernelSecondsPerMillion: (kernel / published) * 1e6,
    residentMegabytes: residentMegabytes(pid),
    samplesPerSecond: published / seconds,
    lost: after.lost - before.lost,
  };
}

interface All {
  plain: number[];
  ring: Record<1 | 10 | 100 | 1000, RingRun[]>;
  service: ServiceRun[];
}

/** Once for all metrics; with and without sampling take turns. */
async function measureAll(): Promise<All> {
  const { pair, remove } = await createLinkPair();
  const all: All = { plain: [], ring: { 1: [], 10: [], 100: [], 1000: [] }, service: [] };
  const ring = startRingReader(pair);
  try {
    await ring.run(1); // Warm-up: compiled by then.
    for (let index = 0; index < RUNS; index++) {
      const { sent, seconds } = await generate(pair.far, 0);
      all.plain.push(sent / seconds);
      all.ring[1].push(await ring.run(1));
      all.ring[1000].push(await ring.run(1000));
      all.ring[10].push(await ring.run(10, STEADY_PPS));
      all.ring[100].push(await ring.run(100, STEADY_PPS));
    }
    all.service = await serviceRuns(pair, 1, 0);
  } finally {
    ring.stop();
    await remove();
  }
  return all;
}

let measured: Promise<All> | undefined;

function metric(pick: (all: All) => number[], unit: string, digits = 0): () => Promise<Measurement> {
  return async () => {
    measured ??= measureAll();
    return summarize(pick(await measured), unit, digits);
  };
}

const ofRing = (rate: keyof All['ring'], field: keyof RingRun) => (all: All) => all.ring[rate].map((run) => run[field]);

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'capture.samples_per_s': metric(ofRing(1, 'samplesPerSecond'), 'samples/s'),
  'capture.lost': metric(ofRing(1, 'lost'), 'samples'),
  'capture.ring_cpu_s_per_million': metric(ofRing(1, 'cpuSecondsPerMillion'), 'CPU s', 3),
  'capture.ring_kernel_s_per_million': metric(ofRing(1, 'kernelSecondsPerMillion'), 'CPU s', 3),
  'capture.ring_cpu_s_per_million_1_10': metric(ofRing(10, 'cpuSecondsPerMillion'), 'CPU s', 3),
  'capture.ring_cpu_s_per_million_1_100': metric(ofRing(100, 'cpuSecondsPerMillion'), 'CPU s', 3),
  'capture.cpu_s_per_million': metric((all) => all.service.map((run) => run.cpuSecondsPerMillion), 'CPU s', 3),
  'capture.kernel_s_per_million': metric((all) => all.service.map((run) => run.kernelSecondsPerMillion), 'CPU s', 3),
  'capture.kafka_samples_per_s': metric((all) => all.service.map((run) => run.samplesPerSecond), 'samples/s'),
  'capture.kafka_lost': metric((all) => all.service.map((run) => run.lost), 'samples'),
  'capture.rss_mb': metric((all) => all.service.map((run) => run.residentMegabytes), 'MB'),
  'capture.slowdown': metric(
    (all) => all.ring[1].map((run, index) => run.packetsPerSecond / (all.plain[index] ?? 1)),
    'of the unsampled rate',
    2,
  ),
  'capture.slowdown_1_1000': metric(
    (all) => all.ring[1000].map((run, index) => run.packetsPerSecond / (all.plain[index] ?? 1)),
    'of the unsampled rate',
    2,
  ),
};
