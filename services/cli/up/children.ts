// The services as child processes that end with us, however we end, and are started again when one crashes.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TcxflowError } from '@tcxflow/common/errors.ts';

const command = fileURLToPath(new URL('../tcxflow.mjs', import.meta.url));
const LOG_TAIL_LINES = 8;
const RESTART_MS_MAX = 30_000;

export interface ServiceProcess {
  readonly name: string;
  readonly metricsUrl: string;
  readonly logFile: string;
  readonly restarts: number;
  readonly pid: number | undefined;
  /** Resolves when it answers ready. @throws {TcxflowError} it ended, or the deadline passed */
  ready(deadlineMs: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

export interface ServiceProcessOptions {
  name: string;
  configFile: string;
  metricsPort: number;
  dataDir: string;
  /** A service that ended by itself and is about to be started again. */
  onCrash: (name: string, code: number | null, logFile: string) => void;
}

export function startService(options: ServiceProcessOptions): ServiceProcess {
  const { name } = options;
  mkdirSync(join(options.dataDir, 'logs'), { recursive: true });
  const logFile = join(options.dataDir, 'logs', `${name}.log`);
  let child: ChildProcess;
  let restarts = 0;
  let stopping = false;
  let everReady = false;
  let restartTimer: NodeJS.Timeout | undefined;

  function start(flags: 'w' | 'a'): void {
    const log = createWriteStream(logFile, { flags });
    child = spawn(process.execPath, [command, name, '--config', options.configFile], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Own process group: Ctrl-C reaches us only, and we stop them in order.
      detached: true,
      env: { ...process.env, TCXFLOW_PARENT: 'stdin', TCXFLOW_HTTP__PORT: String(options.metricsPort) },
    });
    child.stdin?.on('error', () => undefined); // it ended: 'exit' says so
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('exit', (code) => {
      log.end();
      if (stopping || !everReady) return;
      restarts++;
      options.onCrash(name, code, logFile);
      restartTimer = setTimeout(() => start('a'), Math.min(500 * 2 ** Math.min(restarts - 1, 10), RESTART_MS_MAX));
    });
  }
  start('w');

  const metricsUrl = `http://127.0.0.1:${options.metricsPort}`;
  return {
    name,
    metricsUrl,
    logFile,
    get restarts() {
      return restarts;
    },
    get pid() {
      return child.pid;
    },
    async ready(deadlineMs) {
      for (const until = Date.now() + deadlineMs; ; ) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new TcxflowError('SERVICE_ENDED', `${name} did not start:\n${logTail(logFile)}`, {
            exitCode: child.exitCode ?? 1,
          });
        if (await isReady(metricsUrl)) break;
        if (Date.now() > until)
          throw new TcxflowError(
            'SERVICE_SLOW',
            `${name} is not ready after ${deadlineMs / 1000} s:\n${logTail(logFile)}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      everReady = true;
    },
    kill: (signal) => void child.kill(signal),
    async stop(deadlineMs) {
      stopping = true;
      clearTimeout(restartTimer);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false; // not listening yet
  }
}

/** The last lines of a log, readable: message and error of each JSON line. */
export function logTail(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n').slice(-LOG_TAIL_LINES);
  return lines.map((line) => `    ${readableLine(line)}`).join('\n');
}

function readableLine(line: string): string {
  try {
    const { msg, err, error } = JSON.parse(line) as { msg?: string; err?: { message?: string }; error?: string };
    return [msg, err?.message ?? error].filter(Boolean).join(': ');
  } catch {
    return line;
  }
}
