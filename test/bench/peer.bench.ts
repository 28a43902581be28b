// Another collector on this machine, with the samples that our own benchmarks have: npm run bench:decode -- --peer-command
// 'sfcapd -p {port} -w {folder}'. It is to listen for sFlow on the loopback's {port}, and may write to {folder}.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { cpuSecondsOf } from '../support/processes.ts';
import { type Measurement, summarize } from './measure.ts';
import { createSflowSender, DATAGRAM_SAMPLES } from './sflow-sender.ts';

const RUNS = 3;
const DATAGRAMS = 60_000;
const SETTLE_MS = 1500;

const command = process.env.TCXFLOW_PEER_COMMAND ?? '';

async function measure(): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-peer-'));
  const port = await choosePort(0);
  const line = command.replaceAll('{port}', String(port)).replaceAll('{folder}', folder);
  const child = spawn('sh', ['-c', `exec ${line}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    const send = createSflowSender(port);
    await sleep(SETTLE_MS);
    await send(DATAGRAMS / 4);
    const values: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      await sleep(SETTLE_MS);
      if (child.exitCode !== null) throw new Error(`the peer ended with ${child.exitCode}: ${line}`);
      const [cpu, dropped] = [cpuSecondsOf(child.pid as number).total, drops(port)];
      await send(DATAGRAMS);
      await sleep(SETTLE_MS);
      const datagrams = DATAGRAMS - (drops(port) - dropped);
      values.push(((cpuSecondsOf(child.pid as number).total - cpu) / (datagrams * DATAGRAM_SAMPLES)) * 1e6);
    }
    return summarize(values, 'CPU s', 3);
  } finally {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Datagrams that the kernel dropped at the port, which had no room. @throws {Error} when nobody listens */
function drops(port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = ['/proc/net/udp', '/proc/net/udp6']
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix));
  if (sockets.length === 0) throw new Error(`the peer does not listen on UDP port ${port}: ${command}`);
  return sockets.reduce((sum, fields) => sum + Number(fields.at(-1)), 0);
}

let measured: Promise<Measurement> | undefined;
const measureOnce = () => (measured ??= measure());

export const benchmarks: Record<string, () => Promise<Measurement>> = command
  ? { 'decode.peer_cpu_s_per_million': measureOnce, 'sflow.peer_cpu_s_per_million': measureOnce }
  : {};
