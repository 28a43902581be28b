// UDP to the collectors. A datagram counts as sent when the kernel has taken it.

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { splitHostPort } from '@tcxflow/common/host-port.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { SflowConfig } from './config.ts';
import type { SflowMetrics } from './metrics.ts';

export interface Collectors extends Component {
  /** Resolves when every collector's copy was handed to the kernel or counted as failed. Never rejects. */
  send(datagram: Buffer): Promise<void>;
}

interface Collector {
  address: string;
  host: string;
  port: number;
  socket: Socket;
}

export function createCollectors(
  config: SflowConfig,
  metrics: Pick<SflowMetrics, 'sendErrors'>,
  log: Logger,
): Collectors {
  const lines = throttled(10_000);
  const collectors: Collector[] = [];

  function failed(address: string, error: Error): void {
    metrics.sendErrors.inc({ collector: address });
    lines((skipped) => log.warn({ collector: address, error: error.message, skipped }, 'datagram not sent'));
  }

  return {
    name: 'collectors',
    async start() {
      for (const address of config.collectors) {
        const { host, port } = splitHostPort(address);
        const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
        await new Promise<void>((resolve, reject) => {
          socket.once('error', reject);
          socket.bind(0, resolve);
        });
        socket.removeAllListeners('error').on('error', (error) => failed(address, error));
        socket.setSendBufferSize(config.sendBufferBytes);
        collectors.push({ address, host, port, socket });
        log.info({ collector: address }, 'sending sFlow');
      }
    },
    async send(datagram) {
      await Promise.all(
        collectors.map(
          ({ address, host, port, socket }) =>
            new Promise<void>((resolve) => {
              socket.send(datagram, port, host, (error) => {
                if (error) failed(address, error);
                resolve();
              });
            }),
        ),
      );
    },
    stop() {
      for (const { socket } of collectors) socket.close();
    },
  };
}
