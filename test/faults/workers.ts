// Worker processes as an init system would keep them: whoever ends is started again. Each has a log file of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tcxflow } from '../support/up.ts';

export const services = ['decode', 'aggregate', 'writer'] as const;
export type Service = (typeof services)[number];

export interface Worker {
  readonly name: string;
  /** Of the process that runs at this moment. */
  readonly pid: number | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Its next process has a wall clock that steps. */
  stepClock(stepMs: number, afterMs: number): void;
  /** Ends the process if its clock is wrong: the next has the right time. */
  rightClock(): void;
  /** For good: SIGTERM, or SIGKILL when asked for or after the time. */
  end(how: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface Workers {
  start(service: Service): Worker;
  /** Those that run for good. */
  of(service: Service): Worker[];
  endAll(): Promise<void>;
}

const RESTART_MS = 300;
const END_MS = 20_000;
const clockStep = new URL('clock-step.mjs', import.meta.url).href;

export function createWorkers(options: { configFile: string; logs: string }): Workers {
  const workers = new Map<string, { service: Service; worker: Worker }>();
  let count = 0;

  function start(service: Service): Worker {
    const name = `${service}-${++count}`;
    const worker = startWorker(service, name, options);
    const { end } = worker;
    worker.end = async (how) => {
      workers.delete(name);
      await end(how);
    };
    workers.set(name, { service, worker });
    return worker;
  }

  return {
    start,
    of: (service) => [...workers.values()].filter((entry) => entry.service === service).map(({ worker }) => worker),
    async endAll() {
      await Promise.all([...workers.values()].map(({ worker }) => worker.end('SIGTERM')));
    },
  };
}

function startWorker(service: Service, name: string, { configFile, logs }: { configFile: string; logs: string }) {
  let child: ChildProcess;
  let ending = false;
  let clock: NodeJS.ProcessEnv = {};
  let isClockWrong = false;

  function run(): void {
    const log = openSync(join(logs, `${name}.log`), 'a');
    child = spawn(process.execPath, [fileURLToPath(new URL(`file://${tcxflow}`)), service, '--config', configFile], {
      stdio: ['pipe', log, log],
      detached: true,
      env: { ...process.env, TCXFLOW_PARENT: 'stdin', ...clock },
    });
    closeSync(log);
    isClockWrong = 'FAULTS_CLOCK_STEP_MS' in clock;
    clock = {};
    child.stdin?.on('error', () => undefined); // it ended: 'exit' says so
    child.once('exit', () => {
      if (!ending) setTimeout(() => !ending && run(), RESTART_MS);
    });
  }
  run();
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    name,
    get pid() {
      return isRunning() ? child.pid : undefined;
    },
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    stepClock(stepMs: number, afterMs: number) {
      clock = {
        NODE_OPTIONS: `--import=${clockStep}`,
        FAULTS_CLOCK_STEP_MS: String(stepMs),
        FAULTS_CLOCK_STEP_AFTER_MS: String(afterMs),
      };
    },
    rightClock() {
      if (isClockWrong || 'FAULTS_CLOCK_STEP_MS' in clock) child.kill('SIGTERM');
      clock = {};
    },
    async end(how: 'SIGTERM' | 'SIGKILL') {
      ending = true;
      if (!isRunning()) return;
      const ended = once(child, 'exit').then(() => true);
      child.kill(how);
      const late = new AbortController();
      const inTime = await Promise.race([ended, sleep(END_MS, false, { signal: late.signal }).catch(() => true)]);
      late.abort();
      if (inTime) return;
      child.kill('SIGKILL');
      await ended;
    },
  };
}
