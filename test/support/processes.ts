// What tests and benchmarks ask of a service in a process of its own.

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CLOCK_TICKS_PER_SECOND = 100;
const LOOK_MS = 50;

/** CPU time of all threads of a process so far, in seconds: proc_pid_stat(5), utime and stime. */
export function cpuSecondsOf(pid: number): { user: number; kernel: number; total: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  const [user, kernel] = [Number(fields[11]) / CLOCK_TICKS_PER_SECOND, Number(fields[12]) / CLOCK_TICKS_PER_SECOND];
  return { user, kernel, total: user + kernel };
}

/** @param port of its metrics @throws {Error} it ended, or is not ready after half a minute */
export async function untilReady(name: string, child: ChildProcess, port: number): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await sleep(LOOK_MS)) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    // It does not listen yet: asked again.
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`${name} is not ready after 30 s`);
  }
}
