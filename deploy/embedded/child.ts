// Child processes that end with this one, however it ends: each runs below tether.sh, which watches a pipe from here.
// Stopping them goes the same way, so the path that matters after a crash is the one taken every day.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EmbeddedError, type EmbeddedLog } from './types.ts';

const tether = fileURLToPath(new URL('./tether.sh', import.meta.url));
const OUTPUT_KEPT = 8192;

export interface ChildOptions {
  /** For messages: `kafka`, `clickhouse`. */
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  pidFile: string;
  /** Between `stopSignal` and SIGKILL; whole seconds. */
  graceMs: number;
  /** SIGCONT for a command that ends by itself at the end of its stdin. */
  stopSignal: 'TERM' | 'CONT';
  log: EmbeddedLog;
}

export interface Child {
  /** Of the command itself, not of the tether. */
  readonly pid: number;
  /** Resolves with what ended it: `code 1`, `signal SIGKILL`. */
  readonly exited: Promise<string>;
  /** The last of what it wrote to stdout and stderr. */
  output(): string;
  /** Whether stop() was called: an end is expected then. */
  stopping(): boolean;
  stop(): Promise<void>;
}

export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, log, graceMs } = options;
  const tethered = spawn(
    'sh',
    [tether, options.pidFile, String(Math.ceil(graceMs / 1000)), options.stopSignal, options.command, ...options.args],
    {
      // A session of its own: Ctrl-C at the terminal is for this process, which then stops its children in order.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    },
  );
  let output = '';
  for (const stream of [tethered.stdout, tethered.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_KEPT);
    });
  }
  tethered.stdin?.on('error', () => {}); // the child ended first; `exited` tells

  let stopping = false;
  const exited = new Promise<string>((resolve, reject) => {
    tethered.once('error', reject);
    // `close` comes after the last of the output, so that an error can quote it.
    tethered.once('close', (code, signal) => {
      // The shell reports a command that was ended by signal N as 128 + N.
      const how = signal ? `signal ${signal}` : (code ?? 0) > 128 ? `signal ${(code ?? 0) - 128}` : `code ${code}`;
      resolve(how);
    });
  });

  const pid = await Promise.race([readPid(tethered.stdio[3] as Readable), exited.then(() => undefined)]);
  if (!pid) throw new EmbeddedError('EMBEDDED_START', `${name}: not started: ${output.trim()}`, 'see the lines above');

  return {
    pid,
    exited,
    output: () => output,
    stopping: () => stopping,
    async stop() {
      stopping = true;
      tethered.stdin?.end();
      // The tether keeps the deadline; this one is for a tether that was killed.
      const late = new AbortController();
      const overdue = sleep(graceMs + 3000, 'overdue' as const, { signal: late.signal }).catch(() => 'done' as const);
      if ((await Promise.race([exited, overdue])) === 'overdue') {
        log.warn({ pid }, `${name}: still there after its deadline, killing it`);
        tethered.kill('SIGKILL');
        await exited;
      }
      late.abort();
    },
  };
}

async function readPid(stream: Readable): Promise<number | undefined> {
  const lines = createInterface({ input: stream });
  const line = await Promise.race([
    once(lines, 'line').then(([first]) => String(first)),
    once(lines, 'close').then(() => ''),
  ]);
  return Number(line.split(' ')[0]) || undefined;
}

export interface UpOptions {
  name: string;
  deadlineMs: number;
  logFile: string;
  log: EmbeddedLog;
}

/** Asks until the engine answers; stops it and throws what its log says when it ends or stays silent. */
export async function waitUntilUp(child: Child, probe: () => Promise<void>, options: UpOptions): Promise<void> {
  const { name, deadlineMs, logFile } = options;
  let ended: string | undefined;
  void child.exited.then((how) => {
    ended = how;
  });
  let lastError: unknown;
  for (const until = Date.now() + deadlineMs; Date.now() < until && ended === undefined; await sleep(50)) {
    try {
      await probe();
      void child.exited.then((how) => {
        if (!child.stopping()) options.log.error({ how, log: lastLines(logFile, 15) }, `${name}: ended unexpectedly`);
      });
      return;
    } catch (error) {
      lastError = error;
    }
  }
  const what = ended ? `ended at start with ${ended}` : `did not answer within ${deadlineMs / 1000} s`;
  await child.stop();
  const lines = [lastLines(logFile, 15), child.output().trim()].filter(Boolean).join('\n');
  throw new EmbeddedError('EMBEDDED_START', `${name}: ${what}\n${lines || '(it wrote nothing)'}`, `see ${logFile}`, {
    cause: lastError,
  });
}

export function lastLines(path: string, count: number): string {
  if (!existsSync(path)) return '';
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, 8192));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
  } finally {
    closeSync(file);
  }
}
