// The spool's folder belongs to one process: each puts up an empty file whose name says who it is, and then looks whether
// another one that lives has done so. With nothing to write and nothing to replace there is no moment at which two can take
// over the same stale lock; two that start at once may both be refused. A pid alone may have been given to another process
// since, so it goes with its start time and the boot they belong to. Processes of another pid namespace are not seen.

import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TcxflowError } from '@tcxflow/common/errors.ts';

const LOCK = /^lock\.(\d+)\.(\d+)\.([\w-]+)$/;

/**
 * Makes the folder when it is missing, and keeps other processes out.
 * @param open what is done with the folder then
 * @returns what `open` returns, and a function that lets others in again
 * @throws {TcxflowError} SPOOL_FOLDER, SPOOL_IN_USE
 */
export function claimFolder<T>(folder: string, open: () => T): { opened: T; release: () => void } {
  let release: () => void = () => undefined;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    if (!existsSync(folder)) mkdirSync(folder, 0o700);
    // Not mended here: it may be /tmp that somebody configured.
    if (statSync(folder).mode & 0o022)
      throw new TcxflowError('SPOOL_FOLDER', `${folder}: others may write to this folder`, {
        hint: `chmod 700 ${folder}, or name another folder`,
      });
    release = lock(folder);
    return { opened: open(), release };
  } catch (error) {
    release();
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new TcxflowError('SPOOL_FOLDER', `${folder} cannot be used for the spool: ${error.message}`, {
      cause: error,
      hint: 'name a folder on a local disk that this user may write to, with space left',
    });
  }
}

function lock(folder: string): () => void {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const own = `lock.${process.pid}.${startTime(process.pid)}.${boot}`;
  const release = () => rmSync(join(folder, own), { force: true });
  try {
    closeSync(openSync(join(folder, own), 'wx', 0o600));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? inUse(folder, process.pid) : error;
  }
  for (const name of readdirSync(folder)) {
    const [, pid, start, otherBoot] = LOCK.exec(name) ?? [];
    if (pid === undefined || name === own) continue;
    if (otherBoot === boot && startTime(Number(pid)) === start) {
      release();
      throw inUse(folder, Number(pid));
    }
    rmSync(join(folder, name), { force: true });
  }
  return release;
}

function inUse(folder: string, pid: number): TcxflowError {
  const who = pid === process.pid ? 'this process' : `process ${pid}`;
  return new TcxflowError('SPOOL_IN_USE', `${folder}: ${who} has a spool in this folder`, {
    hint: 'stop that process, or give each its own folder',
  });
}

/** In clock ticks since boot; undefined when it has ended, waited for by its parent or not (a zombie holds nothing). */
function startTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // no such process
  }
  const fields = stat.replace(/.*\) /s, '').split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
