// The reader of libbpf-ts/udp.ts over node:dgram, for hosts on which the addon does not load: one datagram a system call.

import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { parseAddress } from '@tcxflow/packet/address.ts';
import { SLOT_BYTES, Slot, type UdpAddress, type UdpReader, type UdpReaderOptions } from 'libbpf-ts/udp.ts';

const ADDRESS_BYTES = 16;

export async function openDgramReader(options: UdpReaderOptions): Promise<UdpReader> {
  const slot = Buffer.alloc(SLOT_BYTES);
  const sockets: Socket[] = [];
  const before: number[] = [];

  function take(payload: Buffer, sender: string, index: number): void {
    slot.writeUInt32LE(payload.length, Slot.BYTES);
    slot.writeUInt32LE(index, Slot.SOCKET);
    const address = parseAddress(sender.replace(/%.*$/, ''));
    if (address) address.copy(slot, Slot.ADDRESS);
    else slot.fill(0, Slot.ADDRESS, Slot.ADDRESS + ADDRESS_BYTES);
    payload.copy(slot, Slot.DATA);
    options.onBatch(slot, 1);
  }

  async function open({ address, scopeId, port }: UdpAddress, index: number): Promise<void> {
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    const socket = createSocket({ type, reusePort: options.sharePort, recvBufferSize: options.bufferBytes });
    sockets.push(socket);
    socket.on('message', (payload, remote) => take(payload, remote.address, index));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, scopeId === 0 ? address : `${address}%${scopeId}`, resolve);
    });
    socket.removeAllListeners('error');
    // Errors of sockets that only receive leave nothing to do: what the kernel could not place is in its counters.
    socket.on('error', () => undefined);
  }

  const close = () => {
    for (const socket of sockets.splice(0)) socket.close();
  };
  /** The kernel's table has ports; of several sockets at one, the first has the drops of all. */
  function states() {
    const ports = sockets.map((socket) => socket.address().port);
    const drops = kernelDrops();
    return sockets.map((socket, index) => {
      const port = ports[index] as number;
      const all = ports.indexOf(port) === index ? (drops.get(port) ?? 0) : 0;
      before[index] ??= all;
      return { port, bufferBytes: socket.getRecvBufferSize(), drops: all - (before[index] as number) };
    });
  }

  try {
    for (const [index, address] of options.listen.entries()) await open(address, index);
  } catch (error) {
    close();
    throw error;
  }
  states();
  return { states, stop: () => Promise.resolve(), close };
}

/** Drops by port, of all sockets at it (column drops of /proc/net/udp and udp6). */
export function kernelDrops(read = readProc): Map<number, number> {
  const drops = new Map<number, number>();
  for (const path of ['/proc/net/udp', '/proc/net/udp6'])
    for (const line of read(path).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      if (!Number.isNaN(port)) drops.set(port, (drops.get(port) ?? 0) + (Number(fields.at(-1)) || 0));
    }
  return drops;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // A kernel without IPv6 has no udp6.
  }
}
