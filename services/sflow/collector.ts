// One collector: where it is, and how its datagrams get there.

import { lookup } from 'node:dns/promises';
import { splitHostPort } from '@tcxflow/common/host-port.ts';
import type { Logger, throttled } from '@tcxflow/common/logger.ts';
import type { Delivery } from './collector-options.ts';
import type { SflowMetrics } from './metrics.ts';
import { createPace } from './pace.ts';
import { openSender, type Sender } from './sender.ts';

export interface Collector {
  readonly delivery: Delivery;
  /** Looks its name up, and follows it when it moved. Never rejects. */
  resolve(): Promise<void>;
  /** Hands it to the kernel, at once or in its turn; keeps the buffer until then. */
  send(datagram: Buffer): void;
  /** Resolves when none waits for its turn. */
  drained(): Promise<void>;
  close(): void;
}

export interface CollectorDependencies {
  bufferBytes: number;
  metrics: Pick<SflowMetrics, 'sendErrors' | 'unresolved' | 'lostDatagrams' | 'waiting'>;
  log: Logger;
  /** Storms of lines are thinned, of all collectors together. */
  lines: ReturnType<typeof throttled>;
  /** The kernel is asked to take one, and has answered. */
  onSend: () => void;
  onSent: () => void;
}

export function createCollector(delivery: Delivery, deps: CollectorDependencies): Collector {
  const { metrics, log, lines, onSend, onSent } = deps;
  const { address, maxDatagramsPerS } = delivery;
  const { host, port } = splitHostPort(address);
  const pace = maxDatagramsPerS === undefined ? undefined : createPace(maxDatagramsPerS, takeTurn);
  /** undefined: the name has no address yet. */
  let target: { ip: string; family: number; sender: Sender } | undefined;
  let closed = false;

  function failed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EAFNOSUPPORT') metrics.lostDatagrams.inc({ collector: address, cause: 'family' });
    else metrics.sendErrors.inc({ collector: address });
    lines((skipped) => log.warn({ collector: address, error: error.message, skipped }, 'datagram not sent'));
  }

  function handOver(datagram: Buffer): void {
    if (!target) {
      metrics.unresolved.inc({ collector: address });
      return;
    }
    onSend();
    target.sender.send(datagram, (error) => {
      if (error) failed(error);
      onSent();
    });
  }

  function takeTurn(datagram: Buffer): void {
    handOver(datagram);
    if (pace) metrics.waiting.set({ collector: address }, pace.waiting);
  }

  return {
    delivery,
    async resolve() {
      try {
        const { address: ip, family } = await lookup(host);
        if (closed || (target?.ip === ip && target.family === family)) return;
        const to = { ip, port, family: family === 6 ? 6 : 4 } as const;
        const sender = await openSender(to, { ...delivery, bufferBytes: deps.bufferBytes }, failed);
        if (closed) return sender.close();
        target?.sender.close();
        target = { ip, family, sender };
        log.info({ collector: address, ip }, 'sending sFlow');
      } catch (error) {
        const { message } = error as Error;
        lines((skipped) => log.warn({ collector: address, error: message, skipped }, 'collector has no address'));
      }
    },
    send(datagram) {
      if (!pace) return handOver(datagram);
      if (!pace.push(datagram)) metrics.lostDatagrams.inc({ collector: address, cause: 'rate' });
      metrics.waiting.set({ collector: address }, pace.waiting);
    },
    drained: async () => pace?.drained(),
    close() {
      if (closed) return;
      closed = true;
      target?.sender.close();
      const given = pace?.stop() ?? 0;
      if (given > 0) metrics.lostDatagrams.inc({ collector: address, cause: 'stopped' }, given);
      metrics.waiting.remove({ collector: address });
    },
  };
}
