// UDP sockets, and what the kernel dropped at them: it counts datagrams that found a socket's buffer full (column drops of
// /proc/net/udp and udp6).

import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { splitHostPort } from '@tcxflow/common/host-port.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { ReceiverConfig } from './config.ts';
import type { Intake } from './intake.ts';
import type { ReceiverMetrics } from './metrics.ts';

export interface Sockets extends Component {
  ports(): number[];
}

const LOOK_MS = 1000;

export function createSockets(
  config: ReceiverConfig,
  intake: Intake,
  metrics: Pick<ReceiverMetrics, 'kernelDrops'>,
  log: Logger,
): Sockets {
  const sockets: Socket[] = [];
  const lines = throttled(10_000);
  let timers: NodeJS.Timeout[] = [];
  let dropsSeen = 0;

  async function open(address: string): Promise<void> {
    const { host, port } = splitHostPort(address);
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.on('message', (payload, remote) => intake.receive(payload, remote.address, wallMs()));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => lines((skipped) => log.warn({ error: error.message, skipped }, 'socket')));
    socket.setRecvBufferSize(config.receiveBufferBytes);
    sockets.push(socket);
    log.info({ address, port: socket.address().port, bufferBytes: socket.getRecvBufferSize() }, 'receiving sFlow');
  }

  const ports = () => sockets.map((socket) => socket.address().port);

  function look(): void {
    const drops = kernelDrops(new Set(ports()));
    if (drops > dropsSeen) metrics.kernelDrops.inc(drops - dropsSeen);
    dropsSeen = drops;
  }

  return {
    name: 'sockets',
    ports,
    async start() {
      for (const address of config.listen) await open(address);
      dropsSeen = kernelDrops(new Set(ports()));
      timers = [
        setInterval(() => intake.flush(wallMs(), false), Math.min(config.flushMs, LOOK_MS)),
        setInterval(look, LOOK_MS),
      ];
    },
    stop() {
      for (const timer of timers) clearInterval(timer);
      if (sockets.length > 0) look();
      for (const socket of sockets) socket.close();
      intake.flush(wallMs(), true);
    },
  };
}

const wallMs = () => performance.timeOrigin + performance.now();

/** Of all sockets at these ports. */
export function kernelDrops(ports: ReadonlySet<number>, read = readProc): number {
  return [read('/proc/net/udp'), read('/proc/net/udp6')].reduce((sum, text) => sum + dropsIn(text, ports), 0);
}

function dropsIn(text: string, ports: ReadonlySet<number>): number {
  let sum = 0;
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    if (ports.has(port)) sum += Number(fields.at(-1)) || 0;
  }
  return sum;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // A kernel without IPv6 has no udp6.
  }
}
