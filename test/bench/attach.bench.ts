// A thousand veth: how long until all are sampled, how long the event loop stood meanwhile, and what reading their counters
// costs. With and without /sys/kernel/rcu_expedited. Needs root.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createBatchBuilder } from '@tcxflow/capture/batch-builder.ts';
import { captureSection, numberedRules } from '@tcxflow/capture/config.ts';
import { openNamespace } from '@tcxflow/capture/namespace.ts';
import { createPointList } from '@tcxflow/capture/point-list.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { ip, ipBatch, netnsName } from '@tcxflow/lab/netns.ts';
import { readClockOffset, readNetwork } from 'libbpf-ts/links.ts';
import { type Measurement, summarize } from './measure.ts';

const PAIRS = 500;
const RUNS = 3;
const POLLS = 20;
const LOOP_RESOLUTION_MS = 1;

interface AttachRun {
  attachSeconds: number;
  loopMs: number;
  detachSeconds: number;
  /** Of one reading of all counters, CPU. */
  pollMs: number;
}

async function attachRun(netns: string, expediteRcu: boolean): Promise<AttachRun> {
  const config = captureSection.parse({ interfaces: [{ netns, kind: ['veth'], rate: 1000 }], expediteRcu });
  const identity = { agent: 'bench', agentAddress: Buffer.alloc(16), bootId: Buffer.alloc(16) };
  const emit = () => undefined;
  const builder = createBatchBuilder({ identity, batchSamples: 512, readClock: readClockOffset, emit });
  const points = createPointList();
  const onMetadata = () => undefined;
  // Loading the programs is not what this is about.
  const none = numberedRules(captureSection.parse({ interfaces: [{ netns, match: 'none' }] }));
  const namespace = openNamespace({
    netns,
    number: 0,
    rules: none,
    config,
    builder,
    points,
    onMetadata,
    log: quietLog,
  });
  await namespace.settled();
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  const startedAt = performance.now();
  namespace.setRules(numberedRules(config));
  await namespace.settled();
  const attachSeconds = (performance.now() - startedAt) / 1000;
  loop.disable();
  const attached = namespace.sampled().length;
  if (attached !== 2 * PAIRS) throw new Error(`${attached} of ${2 * PAIRS} interfaces are attached`);
  const pollMs = await measurePoll(netns, points);
  const detachAt = performance.now();
  await namespace.detach();
  const detachSeconds = (performance.now() - detachAt) / 1000;
  namespace.close();
  return { attachSeconds, loopMs: loop.max / 1e6, detachSeconds, pollMs };
}

async function measurePoll(netns: string, points: { states(): unknown[] }): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < POLLS; index++) {
    await readNetwork(netns, { ethernetStats: true });
    points.states();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / POLLS;
}

type All = Record<'expedited' | 'plain', AttachRun[]>;

async function measureAll(): Promise<All> {
  const netns = netnsName('tcxflow-bench', 'attach');
  await ip('netns', 'add', netns);
  const all: All = { expedited: [], plain: [] };
  try {
    const pairs = Array.from({ length: PAIRS }, (_, index) => index);
    await ipBatch(
      netns,
      pairs.map((index) => `link add a${index} type veth peer name b${index}`),
    );
    for (let run = 0; run < RUNS; run++) all.expedited.push(await attachRun(netns, true));
    // Once: it is the kernel that takes its time.
    all.plain.push(await attachRun(netns, false));
  } finally {
    await ip('netns', 'delete', netns);
  }
  return all;
}

let measured: Promise<All> | undefined;

function metric(of: keyof All, field: keyof AttachRun, unit: string, digits: number): () => Promise<Measurement> {
  return async () => {
    measured ??= measureAll();
    return summarize(
      (await measured)[of].map((run) => run[field]),
      unit,
      digits,
    );
  };
}

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'capture.attach_1000_s': metric('expedited', 'attachSeconds', 's', 2),
  'capture.attach_1000_loop_ms': metric('expedited', 'loopMs', 'ms', 1),
  'capture.detach_1000_s': metric('expedited', 'detachSeconds', 's', 2),
  'capture.attach_1000_plain_s': metric('plain', 'attachSeconds', 's', 2),
  'capture.attach_1000_plain_loop_ms': metric('plain', 'loopMs', 'ms', 1),
  'capture.poll_1000_ms': metric('expedited', 'pollMs', 'CPU ms', 1),
};
