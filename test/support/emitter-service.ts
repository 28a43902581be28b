// Running `tcxflow sflow` processes of one group, and a collector that keeps each datagram with who sent it.

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { scrape, sumOf } from '../../services/cli/up/scrape.ts';
import { type Datagram, decodeDatagram } from '../../services/sflow/codec/decode-datagram.ts';
import type { DecodedFlowSample, DecodedSampledHeader } from '../../services/sflow/codec/decode-flow-sample.ts';
import { untilReady } from './processes.ts';
import { SOURCE_ADDRESS_AT } from './raw-agent.ts';
import { tcxflow } from './up.ts';

export interface EmitterService {
  metric(name: string): Promise<number>;
  reload(): void;
  /** Kill -9. */
  kill(): Promise<void>;
  /** @returns how it ended */
  stop(): Promise<unknown[]>;
}

export interface EmitterOptions {
  dataDir: string;
  brokers: readonly string[];
  /** Of the configuration, as YAML. */
  sflow: string;
  /** Samples wait for a worker that takes over: they must not grow old. */
  maxAgeMs?: number;
}

/** @returns the file's path */
export function writeEmitterConfig({ dataDir, brokers, sflow, maxAgeMs = 60_000 }: EmitterOptions): string {
  const file = join(dataDir, 'emitter.yaml');
  const kafka = `kafka: {brokers: [${brokers}], session_timeout_ms: 6000}`;
  writeFileSync(file, `${kafka}\nlog: {level: warn}\nsflow: {max_age_ms: ${maxAgeMs}, ${sflow}}\n`);
  return file;
}

/** @param config a file of writeEmitterConfig; several processes may share it */
export async function startEmitter(t: TestContext, config: string): Promise<EmitterService> {
  const http = await choosePort(0);
  const env = { ...process.env, TCXFLOW_HTTP__PORT: String(http) };
  const child = spawn(process.execPath, [tcxflow, 'sflow', '--config', config], { stdio: 'inherit', env });
  t.after(() => child.kill('SIGKILL'));
  await untilReady('the emitter', child, http);
  return {
    metric: async (name) => sumOf(await scrape(`http://127.0.0.1:${http}`), `tcxflow_sflow_${name}`),
    reload: () => void child.kill('SIGHUP'),
    kill: () => end(child, 'SIGKILL').then(() => undefined),
    stop: () => end(child, 'SIGTERM'),
  };
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown[]> {
  const exited = once(child, 'exit');
  child.kill(signal);
  return exited;
}

export interface Recorded extends Datagram {
  /** UDP port: which process sent it. */
  from: number;
  /** Its address, as text. */
  agent: string;
}

export interface Recorder {
  port: number;
  readonly datagrams: readonly Recorded[];
}

export async function startRecorder(t: TestContext): Promise<Recorder> {
  const datagrams: Recorded[] = [];
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 }, (bytes, { port: from }) => {
    const datagram = decodeDatagram(bytes);
    if (!datagram.ok) throw new Error(`no sFlow: ${datagram.code}`);
    datagrams.push({ ...datagram, from, agent: formatAddress(datagram.agentAddress) });
  }).bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { port: socket.address().port, datagrams };
}

/** Flow samples of a raw agent's packets, each with its agent and the packet's source address. */
export function flowsOf({ agent, samples }: Recorded): (DecodedFlowSample & { identity: string })[] {
  return samples
    .filter((sample): sample is DecodedFlowSample => sample.kind === 'flow')
    .map((flow) => {
      const { header } = flow.records.at(-1) as DecodedSampledHeader;
      const source = header.subarray(SOURCE_ADDRESS_AT, SOURCE_ADDRESS_AT + 4).join('.');
      return { ...flow, identity: `${agent} ${source}` };
    });
}
