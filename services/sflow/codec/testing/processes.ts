// Starting and ending a UDP collector of another project, and knowing when it has read everything.

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 15_000;
const POLL_MS = 20;

/** The path of a program, looked for in PATH and the sbin folders that PATH of a plain user leaves out. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * What to give a test as `skip`: false when the programs are there, else which package to install. Where CI is set
 * nothing is skipped: the test then fails for want of the program.
 */
export function skipWithout(tools: Readonly<Record<string, string>>): string | false {
  const missing = Object.entries(tools).filter(([program]) => findProgram(program) === null);
  if (missing.length === 0 || process.env.CI === 'true') return false;
  return missing.map(([program, packageName]) => `${program} is missing: install ${packageName}`).join('; ');
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

export interface UdpSocketState {
  /** Bytes that wait to be read. */
  waitingBytes: number;
  /** Datagrams the kernel dropped: the receive buffer was full. */
  drops: number;
}

/** Of the socket bound to `port`, from /proc/net/udp and udp6; null = none is. */
export function udpSocketState(port: number): UdpSocketState | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
    const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1);
    for (const row of rows) {
      const columns = row.trim().split(/\s+/);
      if (!columns[1]?.endsWith(suffix)) continue;
      const waitingBytes = Number.parseInt(columns[4]?.split(':')[1] ?? '0', 16);
      return { waitingBytes, drops: Number(columns[12]) };
    }
  }
  return null;
}

export interface RunningCollector {
  /** Waits until the socket is empty, ends the process, and gives what it wrote to stdout and stderr. */
  end(signal: NodeJS.Signals): Promise<string>;
}

/** Starts a collector and waits until it listens on `port`. */
export async function startCollector(program: string, args: string[], port: number): Promise<RunningCollector> {
  const path = findProgram(program);
  if (path === null) throw new Error(`${program} is not installed`);
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  // 'close' comes after the last of the output. A test that fails before end() must not wait for the child either.
  const closed = once(child, 'close');
  for (const handle of [child, child.stdout as Socket, child.stderr as Socket]) handle.unref();
  const deadline = Date.now() + START_DEADLINE_MS;
  while (udpSocketState(port) === null) {
    if (hasExited(child) || Date.now() > deadline) {
      killNow();
      throw new Error(`${program} does not listen on ${port}: ${output}`);
    }
    await delay(POLL_MS);
  }
  return {
    async end(signal) {
      const state = await drained(child, port);
      if (!hasExited(child)) child.kill(signal);
      const killer = setTimeout(killNow, STOP_DEADLINE_MS);
      const [code, by] = await closed;
      clearTimeout(killer);
      process.off('exit', killNow);
      if (state === null || by === 'SIGKILL') throw new Error(`${program} ended badly (${code ?? by}): ${output}`);
      if (state.drops > 0) throw new Error(`${program} lost ${state.drops} datagrams: its receive buffer was full`);
      return output;
    },
  };
}

async function drained(child: ChildProcess, port: number): Promise<UdpSocketState | null> {
  const deadline = Date.now() + STOP_DEADLINE_MS;
  for (;;) {
    const state = udpSocketState(port);
    if (state === null || hasExited(child)) return null;
    if (state.waitingBytes === 0) {
      // The last datagram has left the socket; give the process the moment it needs to put it away.
      await delay(10 * POLL_MS);
      return udpSocketState(port);
    }
    if (Date.now() > deadline) throw new Error(`collector on port ${port} does not read`);
    await delay(POLL_MS);
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends datagrams to a collector on loopback, in order, each handed to the kernel before the next. */
export async function sendUdp(port: number, datagrams: readonly Buffer[]): Promise<void> {
  const socket = createSocket('udp4');
  try {
    for (const datagram of datagrams) {
      await new Promise<void>((resolve, reject) => {
        socket.send(datagram, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
      });
    }
  } finally {
    socket.close();
  }
}
