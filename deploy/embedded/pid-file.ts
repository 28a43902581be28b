// Who runs in a data folder: the line that tether.sh wrote. A pid alone may have been given to another process since,
// so each goes with its start time, and both with the boot they belong to.

import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedError, type EmbeddedLog } from './types.ts';

const DYING_MS = 1000;

interface ProcessId {
  pid: number;
  start: string;
}

export interface PidFile {
  engine: ProcessId;
  /** The process that started the engine. */
  owner: ProcessId;
}

/** @returns undefined when there is no such file, when it is torn, or when it is from before the last boot */
export function readPidFile(path: string): PidFile | undefined {
  const [pid, start, ownerPid, ownerStart, boot] = readOrEmpty(path).trim().split(' ');
  if (!pid || !start || !ownerPid || !ownerStart) return undefined;
  if (boot !== readOrEmpty('/proc/sys/kernel/random/boot_id').trim()) return undefined;
  return { engine: { pid: Number(pid), start }, owner: { pid: Number(ownerPid), start: ownerStart } };
}

/** A process that has ended but was not waited for by its parent (a zombie) holds nothing, and counts as ended. */
export function isAlive({ pid, start }: ProcessId): boolean {
  const fields = readOrEmpty(`/proc/${pid}/stat`).replace(/.*\) /s, '').split(' ');
  return fields[19] === start && fields[0] !== 'Z' && fields[0] !== 'X';
}

/**
 * Ends the engine that an earlier, dead process left in the folder; it may be shutting down at this very moment.
 * @throws EmbeddedError when the process that started it lives: it is not ours to end then
 */
export async function endLeftover(path: string, name: string, graceMs: number, log: EmbeddedLog): Promise<void> {
  const found = readPidFile(path);
  if (found && isAlive(found.engine)) {
    const { engine, owner } = found;
    // One that was killed a moment ago takes a while to be gone.
    for (const until = Date.now() + DYING_MS; isAlive(owner) && Date.now() < until; ) await sleep(20);
    if (isAlive(owner)) {
      throw new EmbeddedError(
        'EMBEDDED_IN_USE',
        `${name}: process ${owner.pid} has it running on this data folder (pid ${engine.pid})`,
        'stop that process, or choose another data folder',
      );
    }
    log.warn({ pid: engine.pid, owner: owner.pid }, `${name}: ending what an earlier run left`);
    await end(engine, graceMs);
  }
  rmSync(path, { force: true });
}

async function end(process_: ProcessId, graceMs: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 5000],
  ] as const) {
    if (isAlive(process_)) trySignal(process_.pid, signal);
    for (const until = Date.now() + waitMs; isAlive(process_) && Date.now() < until; ) await sleep(20);
  }
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: it ended meanwhile
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
