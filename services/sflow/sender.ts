// A UDP socket to one collector.

import { createSocket, type Socket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { openUdpSender } from 'libbpf-ts/udp-sender.ts';
import type { Delivery } from './collector-options.ts';

export interface Sender {
  /** Keeps the datagram until the kernel has it. @param done with an error: it did not take it */
  send(datagram: Buffer, done: (error: Error | null) => void): void;
  close(): void;
}

export interface Target {
  ip: string;
  port: number;
  family: 4 | 6;
}

export type SenderOptions = Pick<Delivery, 'dscp'> & { bufferBytes: number };

/** @param onError what goes wrong at the socket without anybody sending @throws {Error} of the system */
export async function openSender(to: Target, options: SenderOptions, onError: (error: Error) => void): Promise<Sender> {
  const { ip, port, family } = to;
  // The address is known; dgram would look it up for every datagram.
  const known = (text: string, _: unknown, done: (error: null, ip: string, family: number) => void) =>
    done(null, text, family);
  const socket = createSocket({ type: `udp${family}`, lookup: known as never });
  try {
    await bind(socket, family, options);
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', onError);
  return {
    send: (datagram, done) => socket.send(datagram, port, ip, done),
    close: () => socket.close(),
  };
}

async function bind(socket: Socket, family: 4 | 6, { dscp, bufferBytes }: SenderOptions): Promise<void> {
  await new Promise<void>((opened, reject) => {
    socket.once('error', reject);
    // Node has no word for the DSCP; it sends by a socket that has one just as well.
    if (dscp === 0) socket.bind(0, opened);
    else socket.bind({ fd: openUdpSender({ family, bufferBytes, dscp }) }, opened);
  });
  socket.removeAllListeners('error');
  if (dscp === 0) socket.setSendBufferSize(bufferBytes);
}

/** At the start, so that what this host cannot do is not found out datagram by datagram. @throws {TcxflowError} */
export function checkDeliveries(deliveries: readonly Delivery[]): void {
  for (const { address, dscp } of deliveries)
    if (dscp > 0) {
      try {
        closeSync(openUdpSender({ family: 4, bufferBytes: 4096, dscp }));
      } catch (cause) {
        const { code = 'SEND_FAILED', message } = cause as NodeJS.ErrnoException;
        const hint = code === 'ADDON_MISSING' ? 'run: npm run setup; or leave dscp out' : 'leave dscp out';
        throw new TcxflowError(code, `sflow.collectors, ${address}: dscp ${dscp}: ${message}`, { cause, hint });
      }
    }
}
