// A running `tcxflow receiver`, datagrams to it over UDP, and what Kafka has then, read by another client than ours.

import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { scrape, sumOf } from '../../services/cli/up/scrape.ts';
import { untilReady } from './processes.ts';
import { tcxflow } from './up.ts';

export interface ReceiverService {
  port: number;
  metric(name: string): Promise<number>;
  /** One after the other, no faster than a receiver that runs takes them. */
  send(datagrams: readonly Buffer[]): Promise<void>;
  until(done: () => Promise<boolean>): Promise<void>;
  /** Writes the section anew, for the next reload. */
  configure(section: string): void;
  reload(): void;
  residentBytes(): number;
  /** @returns how it ended */
  stop(): Promise<unknown[]>;
}

const DATAGRAMS_AT_ONCE = 16;

/** @param section of the configuration, as YAML without the addresses */
export async function startReceiver(
  t: TestContext,
  { dataDir, brokers, section = '' }: { dataDir: string; brokers: readonly string[]; section?: string },
): Promise<ReceiverService> {
  const [http, port] = [await choosePort(0), await choosePort(0)];
  const config = join(dataDir, `receiver-${port}.yaml`);
  const head = `kafka: {brokers: [${brokers}]}\nhttp: {port: ${http}}\nlog: {level: warn}\n`;
  const configure = (more: string) =>
    writeFileSync(config, `${head}receiver: {listen: ["[::]:${port}"]${more && `, ${more}`}}\n`);
  configure(section);
  const child = spawn(process.execPath, [tcxflow, 'receiver', '--config', config], { stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  await untilReady('the receiver', child, http);
  return {
    port,
    metric: async (name) => sumOf(await scrape(`http://127.0.0.1:${http}`).catch(() => []), `tcxflow_receiver_${name}`),
    async send(datagrams) {
      const socket = createSocket('udp4');
      for (const [index, datagram] of datagrams.entries()) {
        await new Promise((sent) => socket.send(datagram, port, '127.0.0.1', sent));
        if (index % DATAGRAMS_AT_ONCE === 0) await sleep(1);
      }
      socket.close();
    },
    async until(done) {
      for (const deadline = Date.now() + 20_000; !(await done()); await sleep(50))
        if (Date.now() > deadline) throw new Error('it never was so');
    },
    configure,
    reload: () => void child.kill('SIGHUP'),
    residentBytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    async stop() {
      child.kill('SIGTERM');
      return once(child, 'exit');
    },
  };
}

/** All messages of a topic. kcat is librdkafka; it writes each with its length before it. */
export function readTopic(brokers: readonly string[], topic: string): Buffer[] {
  const format = ['-C', '-t', topic, '-e', '-q', '-f', '%R%s'];
  const output = execFileSync('kcat', ['-b', brokers[0] ?? '', ...format], { maxBuffer: 256 << 20 });
  const messages: Buffer[] = [];
  for (let at = 0; at < output.length; ) {
    const length = output.readUInt32BE(at);
    messages.push(output.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return messages;
}
