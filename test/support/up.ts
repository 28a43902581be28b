// Runs `tcxflow up` as a user does, in a data folder of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../../services/cli/up/report.ts';

export const tcxflow = fileURLToPath(new URL('../../services/cli/tcxflow.mjs', import.meta.url));

export interface UpRun {
  dataDir: string;
  child: ChildProcess;
  /** What it has said so far (stderr; with --report stdout holds the report alone). */
  said(): string;
  /** Resolves when it has said this. @throws {Error} with all it said when it ends before, or after 60 s */
  until(pattern: RegExp): Promise<void>;
  /** @returns the report of a run with --seconds --report json @throws {Error} with all it said unless it exits 0 */
  report(): Promise<RunReport>;
}

export function makeDataDir(test: TestContext): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'tcxflow-up-'));
  test.after(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

export function startUp(test: TestContext, args: string[], dataDir = makeDataDir(test)): UpRun {
  const child = spawn(process.execPath, [tcxflow, 'up', '--data-dir', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = once(child, 'close');
  test.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await exited;
    }
  });
  const said = () => stderr + stdout;
  return {
    dataDir,
    child,
    said,
    async until(pattern) {
      for (const deadline = Date.now() + 60_000; !pattern.test(said()); ) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
          throw new Error(`never said ${pattern}:\n${said()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async report() {
      const [code] = (await exited) as [number | null];
      if (code !== 0) throw new Error(`exit ${code}:\n${said()}`);
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as RunReport;
    },
  };
}

/** Pids of the processes whose command line has all these parts. */
export function findPids(...parts: string[]): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        return parts.every((part) => commandLine.includes(part));
      } catch {
        return false; // it ended just now
      }
    })
    .map(Number);
}

/** The process of one service of a run. */
export function servicePid(run: UpRun, service: string): number {
  const [pid] = findPids('tcxflow.mjs', ` ${service} `, run.dataDir);
  if (pid === undefined) throw new Error(`${service} is not running`);
  return pid;
}
