// UDP to the collectors. A datagram counts as sent when the kernel has taken it. A collector whose name has no address, or
// that takes nothing, disturbs no other.

import { lookup } from 'node:dns/promises';
import { splitHostPort } from '@tcxflow/common/host-port.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import { type Delivery, type Stream, streamsOf } from './collector-options.ts';
import type { SflowConfig } from './config.ts';
import type { SflowMetrics } from './metrics.ts';
import { checkDeliveries, openSender, type Sender } from './sender.ts';

export interface Collectors extends Component {
  /** What to send. Another list when the configuration is. */
  streams(): readonly Stream[];
  /** Takes the collectors of a changed configuration; those that stay are left alone. @throws {TcxflowError} it cannot be had here */
  replace(config: SflowConfig): void;
  /** @param stream its number Hands it to the kernel, once for each collector of the stream; keeps the buffer until then. */
  send(stream: number, datagram: Buffer): void;
  /** Datagrams that the kernel has not taken yet. */
  readonly pending: number;
  /** Resolves when everything was handed to the kernel or counted as failed. Never rejects. */
  drained(): Promise<void>;
}

interface Collector {
  delivery: Delivery;
  host: string;
  port: number;
  /** undefined: the name has no address yet. */
  target: { ip: string; family: number; sender: Sender } | undefined;
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

  /** A collector that was there before, and is sent to as before, keeps its socket. */
  function groupsOf(wanted: readonly Stream[], before = new Map<number, Collector[]>()): Map<number, Collector[]> {
    const known = new Map([...before.values()].flat().map((one) => [JSON.stringify(one.delivery), one]));
    const collectorOf = (delivery: Delivery): Collector =>
      known.get(JSON.stringify(delivery)) ?? { delivery, ...splitHostPort(delivery.address), target: undefined };
    return new Map(wanted.map(({ number, deliveries }) => [number, deliveries.map(collectorOf)]));
  }

  const all = () => [...groups.values()].flat();
  const resolveAll = () => Promise.all(all().map(resolve));

  function failed(address: string, error: Error): void {
    metrics.sendErrors.inc({ collector: address });
    lines((skipped) => log.warn({ collector: address, error: error.message, skipped }, 'datagram not sent'));
  }

  async function resolve(collector: Collector): Promise<void> {
    const { address, dscp } = collector.delivery;
    try {
      const { address: ip, family } = await lookup(collector.host);
      if (stopped || (collector.target?.ip === ip && collector.target.family === family)) return;
      const to = { ip, port: collector.port, family: family === 6 ? 6 : 4 } as const;
      const options = { dscp, bufferBytes: config.sendBufferBytes };
      const sender = await openSender(to, options, (error) => failed(address, error));
      collector.target?.sender.close();
      collector.target = { ip, family, sender };
      log.info({ collector: address, ip }, 'sending sFlow');
    } catch (error) {
      lines((skipped) =>
        log.warn({ collector: address, error: (error as Error).message, skipped }, 'collector has no address'),
      );
    }
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
      checkDeliveries(all().map(({ delivery }) => delivery));
      await resolveAll();
      timer = setInterval(() => void resolveAll(), LOOKUP_MS);
    },
    replace(next) {
      const wanted = streamsOf(next, streams);
      checkDeliveries(wanted.flatMap(({ deliveries }) => deliveries));
      const before = new Set(all());
      streams = wanted;
      groups = groupsOf(streams, groups);
      for (const collector of all()) before.delete(collector);
      for (const { delivery, target } of before) {
        target?.sender.close();
        log.info({ collector: delivery.address }, 'no collector any more');
      }
      void resolveAll();
    },
    send(stream, datagram) {
      for (const { delivery, target } of groups.get(stream) ?? []) {
        if (!target) {
          metrics.unresolved.inc({ collector: delivery.address });
          continue;
        }
        pending++;
        target.sender.send(datagram, (error) => {
          if (error) failed(delivery.address, error);
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
      for (const { target } of all()) target?.sender.close();
    },
  };
}
