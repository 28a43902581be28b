// Makes the planned faults happen. Those of one target wait for each other; those of different targets overlap.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { Engine, Engines } from './engines.ts';
import { describeFault, engineNames, type Fault, type Target } from './plan.ts';
import { type Service, services, type Worker, type Workers } from './workers.ts';

/** A fault that happened. */
export interface Event {
  what: string;
  startedMs: number;
  endedMs: number;
  /** undefined: as planned. */
  note: string | undefined;
}

export interface Injection {
  engines: Engines;
  workers: Workers;
  seed: number;
  onEvent: (event: Event) => void;
}

const REQUEST_MS = 8000;
const NOT_SEEN = 'no such request came';
/** A process that gets little of its time is what a slow disk is to those who wait for it. */
const SLOW_STOPPED_MS = 180;
const SLOW_RUNNING_MS = 40;

/** @returns when all have happened and everything runs again */
export async function inject(faults: readonly Fault[], injection: Injection): Promise<void> {
  const random = seededRandom(injection.seed);
  const beganMs = Date.now();
  const busy = new Map<Target, Promise<void>>();
  for (const fault of faults) {
    await sleep(Math.max(0, beganMs + fault.atMs - Date.now()));
    const before = busy.get(fault.target) ?? Promise.resolve();
    busy.set(
      fault.target,
      before.then(() => happen(fault, injection, random)),
    );
  }
  await Promise.all(busy.values());
  // Windows wait for their end by the clock: one that is an hour slow would hold them for an hour.
  for (const worker of services.flatMap(injection.workers.of)) worker.rightClock();
}

async function happen(fault: Fault, injection: Injection, random: Random): Promise<void> {
  const startedMs = Date.now();
  const isEngine = (engineNames as readonly string[]).includes(fault.target);
  const note = isEngine
    ? await happenToEngine(fault, injection.engines[fault.target as Engine['name']], random)
    : await happenToWorker(fault, injection, random);
  injection.onEvent({ what: describeFault(fault), startedMs, endedMs: Date.now(), note });
}

async function happenToEngine(fault: Fault, engine: Engine, random: Random): Promise<string | undefined> {
  const { proxy } = engine;
  switch (fault.action) {
    case 'kill':
    case 'restart':
      return void (await engine[fault.action](fault.ms));
    case 'killAt': {
      const seen = await proxy.sees(fault.request, REQUEST_MS);
      await sleep(fault.ms);
      await engine.kill(0);
      return seen ? undefined : NOT_SEEN;
    }
    case 'freeze':
      engine.signal('SIGSTOP');
      await sleep(fault.ms);
      return void engine.signal('SIGCONT');
    case 'slow':
      for (const until = Date.now() + fault.ms; Date.now() < until; await sleep(SLOW_RUNNING_MS)) {
        engine.signal('SIGSTOP');
        await sleep(SLOW_STOPPED_MS);
        engine.signal('SIGCONT');
      }
      return undefined;
    case 'stall':
    case 'delay': {
      const heal = 'delayMs' in fault ? proxy.delay(fault.delayMs) : proxy.stall();
      await sleep(fault.ms);
      return void heal();
    }
    case 'cut':
      return `${proxy.cut(fault.percent, random)} connections`;
    case 'cutAt':
      return (await proxy.cutRequest(fault.request, fault.at, REQUEST_MS)) ? undefined : NOT_SEEN;
    default:
      throw new Error(`an engine has no ${fault.action}`);
  }
}

async function happenToWorker(fault: Fault, injection: Injection, random: Random): Promise<string | undefined> {
  const { workers, engines } = injection;
  const service = fault.target as Service;
  const worker = random.pick(workers.of(service));
  switch (fault.action) {
    case 'kill':
    case 'restart':
      worker.signal(fault.action === 'kill' ? 'SIGKILL' : 'SIGTERM');
      await sleep(fault.ms);
      return worker.name;
    case 'killAt': {
      const { proxy } = fault.request.startsWith('Insert') ? engines.clickhouse : engines.kafka;
      const seen = await proxy.sees(fault.request, REQUEST_MS);
      await sleep(fault.ms);
      worker.signal('SIGKILL');
      return seen ? worker.name : `${worker.name}, ${NOT_SEEN}`;
    }
    case 'freeze':
      await freeze(worker, fault.ms);
      return worker.name;
    case 'add': {
      const added = workers.start(service);
      await sleep(fault.ms);
      const how = random.pick(['SIGTERM', 'SIGKILL'] as const);
      await added.end(how);
      return `${added.name} until ${how}`;
    }
    case 'clock':
      worker.stepClock(fault.stepMs, fault.afterMs);
      worker.signal('SIGTERM');
      await sleep(fault.afterMs);
      return worker.name;
    default:
      throw new Error(`a worker has no ${fault.action}`);
  }
}

async function freeze(worker: Worker, ms: number): Promise<void> {
  const { pid } = worker;
  if (pid === undefined) return;
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  // It may be another process by now only if somebody else killed the frozen one.
  if (worker.pid === pid) process.kill(pid, 'SIGCONT');
}
