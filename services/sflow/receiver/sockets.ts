// UDP sockets, and what the kernel dropped at them. The addon reads many datagrams a system call; where it does not load, Node
// reads one after the other.

import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { splitHostPort } from '@tcxflow/common/host-port.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import {
  openUdpReader,
  SLOT_BYTES,
  Slot,
  type UdpAddress,
  type UdpReader,
  type UdpReaderOptions,
} from 'libbpf-ts/udp.ts';
import type { ReceiverConfig } from './config.ts';
import { openDgramReader } from './dgram-reader.ts';
import type { Intake, Received } from './intake.ts';
import type { ReceiverMetrics } from './metrics.ts';

export interface Sockets extends Component {
  ports(): number[];
}

export interface SocketsOptions {
  config: ReceiverConfig;
  intake: Intake;
  metrics: Pick<ReceiverMetrics, 'kernelDrops'>;
  log: Logger;
  /** Instead of the addon. */
  open?: (options: UdpReaderOptions) => UdpReader | Promise<UdpReader>;
}

const LOOK_MS = 1000;
const TICK_MS = 5;

export function createSockets({ config, intake, metrics, log, open = openAny(log) }: SocketsOptions): Sockets {
  const listen = config.listen.flatMap((address) => new Array<string>(config.sockets).fill(address));
  const received = new WeakMap<Buffer, Received>();
  let reader: UdpReader | undefined;
  let timers: NodeJS.Timeout[] = [];
  let dropsSeen: number[] = [];

  function onBatch(slab: Buffer, slots: number): void {
    let from = received.get(slab);
    if (!from) {
      from = { bytes: slab, view: new DataView(slab.buffer, slab.byteOffset, slab.length) };
      received.set(slab, from);
    }
    const nowMs = Date.now();
    for (let i = 0, at = 0; i < slots; i++, at += SLOT_BYTES) {
      const start = at + Slot.DATA;
      intake.receive(from, start, start + from.view.getUint32(at + Slot.BYTES, true), at + Slot.ADDRESS, nowMs);
    }
  }

  function look(): void {
    reader?.states().forEach(({ drops }, index) => {
      const more = (drops - (dropsSeen[index] as number)) >>> 0;
      dropsSeen[index] = drops;
      const socket = String(index % config.sockets);
      if (more > 0) metrics.kernelDrops.inc({ listen: listen[index] as string, socket }, more);
    });
  }

  return {
    name: 'sockets',
    ports: () => reader?.states().map(({ port }) => port) ?? [],
    async start() {
      const addresses = await Promise.all(listen.map(resolve));
      const sharePort = config.sharePort || config.sockets > 1;
      const { receiveBufferBytes: bufferBytes } = config;
      try {
        reader = await open({ listen: addresses, bufferBytes, sharePort, tickMs: TICK_MS, onBatch });
      } catch (cause) {
        throw new TcxflowError('LISTEN_FAILED', `receiver.listen ${config.listen}: ${(cause as Error).message}`, {
          cause,
          hint: 'another process may have the port (ss -ulnp), or the address is not of this host',
        });
      }
      reader.states().forEach(({ port, bufferBytes: got }, index) => {
        log.info({ address: listen[index], port, bufferBytes: got }, 'receiving sFlow');
      });
      dropsSeen = addresses.map(() => 0);
      timers = [
        setInterval(() => intake.flush(Date.now(), false), Math.min(config.flushMs, LOOK_MS)),
        setInterval(look, LOOK_MS),
      ];
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await reader?.stop();
      look();
      reader?.close();
      reader = undefined;
      intake.flush(Date.now(), true);
    },
  };
}

function openAny(log: Logger) {
  return (options: UdpReaderOptions) => {
    try {
      return openUdpReader(options);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ADDON_MISSING') throw error;
      log.warn({ error: (error as Error).message }, 'the addon is missing: datagrams are read one by one');
      return openDgramReader(options);
    }
  };
}

/** "[fe80::1%eth0]:6343" has a zone, which the kernel wants as a number. */
async function resolve(text: string): Promise<UdpAddress> {
  const { host, port } = splitHostPort(text);
  const [name = '', zone] = host.split('%');
  const { address } = await lookup(name);
  return { address, port, scopeId: zone && isIPv6(address) ? scopeIdOf(zone) : 0 };
}

function scopeIdOf(zone: string): number {
  const found = networkInterfaces()[zone]?.find((entry) => entry.family === 'IPv6' && entry.scopeid);
  return (found as { scopeid?: number } | undefined)?.scopeid ?? (Number(zone) || 0);
}
