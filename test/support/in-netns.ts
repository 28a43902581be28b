// A namespace of a test's own with nothing in it, and programs that run there.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { ip, ipBatch, netnsName, removeStaleNetns } from '@tcxflow/lab/netns.ts';

const KIND = 'tcxflow-alone';
let made = 0;

/** Its loopback is up, with these addresses besides its own. @returns its name; it is removed when the test ends */
export async function makeNetns(t: TestContext, addresses: readonly string[] = []): Promise<string> {
  if (made === 0) await removeStaleNetns(KIND);
  const netns = netnsName(KIND, String(++made));
  await ip('netns', 'add', netns);
  t.after(() => ip('netns', 'delete', netns));
  await ipBatch(netns, ['link set lo up', ...addresses.map((address) => `address add ${address} dev lo nodad`)]);
  return netns;
}

/** Ended with the test, if it did not end by itself. */
export function spawnIn(t: TestContext, netns: string, command: string, ...args: string[]): ChildProcess {
  const child = spawn('ip', ['netns', 'exec', netns, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  return child;
}

/** What tshark sees of UDP on the loopback, each line of fields once, until `isEnough` says so. */
export async function captureIn(
  t: TestContext,
  netns: string,
  fields: readonly string[],
  isEnough: (lines: ReadonlySet<string>) => boolean,
): Promise<string[]> {
  const args = ['-n', '-l', '-i', 'lo', '-f', 'udp', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const tshark = spawnIn(t, netns, 'tshark', ...args, '-E', 'separator=,');
  const lines = new Set<string>();
  if (!tshark.stdout) throw new Error('tshark has no output');
  for await (const line of createInterface(tshark.stdout)) if (isEnough(lines.add(line))) break;
  tshark.kill('SIGTERM');
  return [...lines].sort();
}
