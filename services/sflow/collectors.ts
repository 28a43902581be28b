// UDP to the collectors. A datagram counts as sent when the kernel has taken it. A collector whose name has no address, or
// that takes nothing, disturbs no other.

import { once } from 'node:events';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import { checkDeliveries } from './check-deliveries.ts';
import { type Collector, type CollectorDependencies, createCollector } from './collector.ts';
import { type Delivery, type Stream, streamsOf } from './collector-options.ts';
import type { SflowConfig } from './config.ts';
import type { SflowMetrics } from './metrics.ts';

export interface Collectors extends Component {
  /** What to send. Another list when the configuration is. */
  streams(): readonly Stream[];
  /** Takes the collectors of a changed configuration; those that stay are left alone. @throws {TcxflowError} it cannot be had here */
  replace(config: SflowConfig): void;
  /** @param stream its number Once for each collector of the stream; keeps the buffer until the kernel has it. */
  send(stream: number, datagram: Buffer): void;
  /** Datagrams that the kernel has not taken yet. */
  readonly pending: number;
  /** Resolves when the kernel took what is not to wait for its turn, or it was counted as failed. Never rejects. */
  drained(): Promise<void>;
}

/** Names are looked up again so often. */
const LOOKUP_MS = 30_000;

export function createCollectors(
  config: SflowConfig,
  metrics: CollectorDependencies['metrics'] & Pick<SflowMetrics, 'pending'>,
  log: Logger,
): Collectors {
  const lines = throttled(10_000);
  let pending = 0;
  let waiting: (() => void)[] = [];
  const dependencies = { bufferBytes: config.sendBufferBytes, metrics, log, lines, onSend, onSent };
  let streams = streamsOf(config);
  let groups = groupsOf(streams);
  let timer: NodeJS.Timeout | undefined;

  /** A collector that was there before, and is sent to as before, is the same. */
  function groupsOf(wanted: readonly Stream[], before = new Map<number, Collector[]>()): Map<number, Collector[]> {
    const known = new Map([...before.values()].flat().map((one) => [JSON.stringify(one.delivery), one]));
    const collectorOf = (delivery: Delivery) =>
      known.get(JSON.stringify(delivery)) ?? createCollector(delivery, dependencies);
    return new Map(wanted.map(({ number, deliveries }) => [number, deliveries.map(collectorOf)]));
  }

  const all = () => [...groups.values()].flat();
  const resolveAll = () => Promise.all(all().map((collector) => collector.resolve()));

  function onSend(): void {
    pending++;
  }

  function onSent(): void {
    pending--;
    if (pending > 0) return;
    const ready = waiting;
    waiting = [];
    for (const go of ready) go();
  }

  async function handedOver(): Promise<void> {
    if (pending > 0) await new Promise<void>((go) => waiting.push(go));
  }

  async function end(collector: Collector): Promise<void> {
    await collector.drained();
    await handedOver();
    collector.close();
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
      for (const collector of before) {
        void end(collector);
        log.info({ collector: collector.delivery.address }, 'no collector any more');
      }
      void resolveAll();
    },
    send(stream, datagram) {
      for (const collector of groups.get(stream) ?? []) collector.send(datagram);
    },
    get pending() {
      return pending;
    },
    async drained() {
      metrics.pending.set(pending);
      await handedOver();
      metrics.pending.set(pending);
    },
    async stop(signal) {
      clearInterval(timer);
      const drained = Promise.all(all().map((collector) => collector.drained())).then(handedOver);
      if (!signal.aborted) await Promise.race([drained, once(signal, 'abort')]);
      for (const collector of all()) collector.close();
    },
  };
}
