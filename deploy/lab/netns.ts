// Network namespaces by iproute2. Names carry the owner's pid, so that what a crash left behind is recognised.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs `ip` with these arguments. @throws {Error} with what ip said */
export async function ip(...args: string[]): Promise<string> {
  try {
    return (await run('ip', args)).stdout;
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    throw new Error(`ip ${args.join(' ')}: ${stderr?.trim() || (cause as Error).message}`, { cause });
  }
}

/** Several commands in one process (`ip -batch`), in one namespace. */
export async function ipBatch(netns: string, lines: readonly string[]): Promise<void> {
  const child = run('ip', ['-n', netns, '-batch', '-']);
  child.child.stdin?.end(`${lines.join('\n')}\n`);
  try {
    await child;
  } catch (cause) {
    throw new Error(`ip -n ${netns}: ${(cause as { stderr?: string }).stderr?.trim()}`, { cause });
  }
}

/** Runs a command inside a namespace. */
export async function inNetns(netns: string, command: string, ...args: string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', netns, command, ...args])).stdout;
}

/** @param kind the family of namespaces, as in tcxflow-lab */
export function netnsName(kind: string, role: string, pid = process.pid): string {
  return `${kind}-${pid}-${role}`;
}

/** Removes namespaces of this kind whose owner is gone. @returns their names */
export async function removeStaleNetns(kind: string): Promise<string[]> {
  const names = (await ip('netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '');
  const pattern = new RegExp(`^${kind}-(\\d+)-`);
  const stale = names.filter((name) => {
    const pid = pattern.exec(name)?.[1];
    return pid !== undefined && !isOurs(Number(pid));
  });
  for (const name of stale) await ip('netns', 'delete', name);
  return stale;
}

/** A pid may have been given to another program since. */
function isOurs(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    return /node/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false; // it ended just now
  }
}
