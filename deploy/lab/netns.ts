// Network namespaces by iproute2. Names carry the owner's pid, so that what a crash left behind is recognised.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An error of the lab names the command that failed and what it said: that is what helps. */
function failed(command: string, cause: unknown): Error & { code: string; hint: string } {
  const { stderr, message } = cause as { stderr?: string; message: string };
  const error = new Error(`${command}: ${stderr?.trim() || message}`, { cause });
  return Object.assign(error, {
    code: 'LAB',
    hint: 'the lab needs root, iproute2, and a kernel with network namespaces and veth',
  });
}

/** Runs `ip` with these arguments. @throws {Error} with what ip said */
export async function ip(...args: string[]): Promise<string> {
  try {
    return (await run('ip', args)).stdout;
  } catch (cause) {
    throw failed(`ip ${args.join(' ')}`, cause);
  }
}

/** Several commands in one process (`ip -batch`), in one namespace. */
export async function ipBatch(netns: string, lines: readonly string[]): Promise<void> {
  const child = run('ip', ['-n', netns, '-batch', '-']);
  child.child.stdin?.on('error', () => undefined); // it ended early: its exit status tells why
  child.child.stdin?.end(`${lines.join('\n')}\n`);
  try {
    await child;
  } catch (cause) {
    throw failed(`ip -n ${netns}`, cause);
  }
}

/** Runs a command inside a namespace. */
export async function inNetns(netns: string, command: string, ...args: string[]): Promise<string> {
  try {
    return (await run('ip', ['netns', 'exec', netns, command, ...args])).stdout;
  } catch (cause) {
    throw failed(`ip netns exec ${netns} ${command} ${args.join(' ')}`, cause);
  }
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
