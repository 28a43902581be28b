// UDP to the collectors. A datagram counts as sent when the kernel has taken it. A collector whose name has no address, or
// that takes nothing, disturbs no other.

import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { splitHostPort } from '@tcxflow/common/host-port.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import { type Stream, streamsOf } from './collector-options.ts';
import type { SflowConfig } from './config.ts';
import type { SflowMetrics } from './metrics.ts';

export interface Collectors extends Component {
  /** What to send. Another list when the configuration is. */
  streams(): readonly Stream[];
  /** Takes the collectors of a changed configuration; those that stay are left alone. */
  replace(config: SflowConfig): void;
  /** @param stream its number Hands it to the kernel, once for each collector of the stream; keeps the buffer until then. */
  send(stream: number, datagram: Buffer): void;
  /** Datagrams that the kernel has not taken yet. */
  readonly pending: number;
  /** Resolves when everything was handed to the kernel or counted as failed. Never rejects. */
  drained(): Promise<void>;
}

interface Collector {
  address: string;
  host: string;
  port: number;
  /** undefined: the name has no address yet. */
  target: { ip: string; family: number; socket: Socket } | undefined;
}

/** Names are looked up again so often. */
const LOOKUP_MS = 30_000;

export function createCollectors(
  config: SflowConfig,
  metrics: Pick<SflowMetrics, 'sendErrors' | 'unresolved' | 'pending'>,
  log: Logger,
): Collectors {
  const lines = throttled(10_000);
  let streams = streamsOf(config);
  let groups = groupsOf(streams);
  let waiting: (() => void)[] = [];
  let pending = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  /** A collector that was there before keeps its socket. */
  function groupsOf(wanted: readonly Stream[], before = new Map<number, Collector[]>()): Map<number, Collector[]> {
    const known = new Map([...before.values()].flat().map((collector) => [collector.address, collector]));
    return new Map(
      wanted.map(({ number, addresses }) => [
        number,
        addresses.map((address) => known.get(address) ?? { address, ...splitHostPort(address), target: undefined }),
      ]),
    );
  }

  const all = () => [...groups.values()].flat();
  const resolveAll = () => Promise.all(all().map(resolve));

  function failed(address: string, error: Error): void {
    metrics.sendErrors.inc({ collector: address });
    lines((skipped) => log.warn({ collector: address, error: error.message, skipped }, 'datagram not sent'));
  }

  async function resolve(collector: Collector): Promise<void> {
    try {
      const { address: ip, family } = await lookup(collector.host);
      if (stopped || (collector.target?.ip === ip && collector.target.family === family)) return;
      const socket = await open(family, collector.address);
      collector.target?.socket.close();
      collector.target = { ip, family, socket };
      log.info({ collector: collector.address, ip }, 'sending sFlow');
    } catch (error) {
      lines((skipped) =>
        log.warn(
          { collector: collector.address, error: (error as Error).message, skipped },
          'collector has no address',
        ),
      );
    }
  }

  async function open(family: number, address: string): Promise<Socket> {
    const type = family === 6 ? 'udp6' : 'udp4';
    // The address is known; dgram would look it up for every datagram.
    const known = (ip: string, _: unknown, done: (error: null, ip: string, family: number) => void) =>
      done(null, ip, family);
    const socket = createSocket({ type, lookup: known as never });
    await new Promise<void>((opened, reject) => {
      socket.once('error', reject);
      socket.bind(0, opened);
    });
    socket.removeAllListeners('error').on('error', (error) => failed(address, error));
    socket.setSendBufferSize(config.sendBufferBytes);
    return socket;
  }

  function done(): void {
    pending--;
    if (pending > 0) return;
    const ready = waiting;
    waiting = [];
    for (const go of ready) go();
  }

  return {
    name: 'collectors',
    streams: () => streams,
    async start() {
      await resolveAll();
      timer = setInterval(() => void resolveAll(), LOOKUP_MS);
    },
    replace(next) {
      const before = new Set(all());
      streams = streamsOf(next, streams);
      groups = groupsOf(streams, groups);
      for (const collector of all()) before.delete(collector);
      for (const { address, target } of before) {
        target?.socket.close();
        log.info({ collector: address }, 'no collector any more');
      }
      void resolveAll();
    },
    send(stream, datagram) {
      for (const { address, port, target } of groups.get(stream) ?? []) {
        if (!target) {
          metrics.unresolved.inc({ collector: address });
          continue;
        }
        pending++;
        target.socket.send(datagram, port, target.ip, (error) => {
          if (error) failed(address, error);
          done();
        });
      }
    },
    get pending() {
      return pending;
    },
    async drained() {
      metrics.pending.set(pending);
      if (pending > 0) await new Promise<void>((go) => waiting.push(go));
      metrics.pending.set(pending);
    },
    stop() {
      stopped = true;
      clearInterval(timer);
      for (const { target } of all()) target?.socket.close();
    },
  };
}
