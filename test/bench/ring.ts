// Samples one end of a link pair as the service does, in a process of its own as the service is: ring → batches → Avro, thrown
// away. Started by fork(); answers each request with one run.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createBatchBuilder } from '@tcxflow/capture/batch-builder.ts';
import { captureSection, numberedRules } from '@tcxflow/capture/config.ts';
import { openNamespace } from '@tcxflow/capture/namespace.ts';
import { createPointList } from '@tcxflow/capture/point-list.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { readClockOffset } from 'libbpf-ts/links.ts';

export interface RingRequest {
  /** The namespaces: sampled, and sent from. */
  near: string;
  far: string;
  rate: number;
  /** 0: as fast as one core sends. */
  packetsPerSecond: number;
}

export interface RingRun {
  samplesPerSecond: number;
  lost: number;
  cpuSecondsPerMillion: number;
  /** Of those, in the kernel: the reader's system calls, not the programs, which run in the traffic's own time. */
  kernelSecondsPerMillion: number;
  packetsPerSecond: number;
}

const generator = fileURLToPath(new URL('generator.ts', import.meta.url));
export const GENERATE_SECONDS = 3;

/** Sends into the pair. @param onStarted called when the generator's process is there, before it sends */
export async function generate(
  far: string,
  packetsPerSecond: number,
  onStarted = () => {},
): Promise<{ sent: number; seconds: number }> {
  const args = [generator, far, 'eth0', String(GENERATE_SECONDS), String(packetsPerSecond)];
  const done = promisify(execFile)(process.execPath, args);
  onStarted();
  return JSON.parse((await done).stdout);
}

async function ringRun({ near, far, rate, packetsPerSecond }: RingRequest): Promise<RingRun> {
  const config = captureSection.parse({ interfaces: [{ match: 'eth0', netns: near, rate, fib: false }] });
  const identity = { agent: 'bench', agentAddress: Buffer.alloc(16), bootId: Buffer.alloc(16) };
  let samples = 0;
  const emit = (_message: Buffer, count: number, release: () => void) => {
    samples += count;
    release();
  };
  const { batchSamples } = config;
  const builder = createBatchBuilder({ identity, batchSamples, readClock: readClockOffset, emit });
  const namespace = openNamespace({
    netns: near,
    number: 0,
    rules: numberedRules(config),
    config,
    builder,
    points: createPointList(),
    onMetadata: () => undefined,
    log: quietLog,
  });
  await namespace.settled();
  let before = process.cpuUsage();
  // Starting the generator is not sampling's work.
  const { sent, seconds } = await generate(far, packetsPerSecond, () => {
    before = process.cpuUsage();
  });
  await namespace.capture.flush();
  builder.flush();
  const { user, system } = process.cpuUsage(before);
  const counters = namespace.sampled()[0]?.attachment.counters('ingress');
  await namespace.detach();
  namespace.close();
  return {
    samplesPerSecond: samples / seconds,
    lost: counters?.ringFull ?? 0,
    cpuSecondsPerMillion: (user + system) / samples,
    kernelSecondsPerMillion: system / samples,
    packetsPerSecond: sent / seconds,
  };
}

if (import.meta.main)
  process.on('message', (request: RingRequest) => {
    ringRun(request).then(
      (run) => process.send?.(run),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  });
