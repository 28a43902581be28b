// A UDP socket to one collector.

import { createSocket, type Socket } from 'node:dgram';
import { openUdpSender } from 'libbpf-ts/udp-sender.ts';
import type { Delivery } from './collector-options.ts';
import { openSpoofingSender } from './spoofing-sender.ts';

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

export type SenderOptions = Pick<Delivery, 'dscp' | 'spoofSource'> & { bufferBytes: number };

/** @param onError what goes wrong at the socket without anybody sending @throws {Error} of the system */
export async function openSender(to: Target, options: SenderOptions, onError: (error: Error) => void): Promise<Sender> {
  if (options.spoofSource) return openSpoofingSender(to, options);
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
    else socket.bind({ fd: openUdpSender({ family, bufferBytes, dscp, anySource: false }) }, opened);
  });
  socket.removeAllListeners('error');
  if (dscp === 0) socket.setSendBufferSize(bufferBytes);
}
