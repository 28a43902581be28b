// Receives UDP at several sockets, many datagrams a system call, on a thread of its own.
//
// Who owns what: a UdpReader owns its sockets, the thread and the slabs; onBatch borrows a slab until it returns.

import { type NativeUdpReader, native } from './native.ts';

/** Where a socket is bound. */
export interface UdpAddress {
  /** IPv4, or IPv6 without a zone; an IPv6 socket takes IPv4 too. */
  address: string;
  /** Interface of a link-local address; else 0. */
  scopeId: number;
  /** 0: one that is free. */
  port: number;
}

export interface UdpReaderOptions {
  /** At most 64; the same one several times is as many sockets, among which the kernel spreads senders. */
  listen: readonly UdpAddress[];
  bufferBytes: number;
  /** SO_REUSEPORT: others, of this process or user, may be bound to the same. */
  sharePort: boolean;
  /** What comes in so long is handed over together. */
  tickMs: number;
  /** @param slots how many there are, each SLOT_BYTES long: Slot, and the datagram behind it */
  onBatch: (slab: Buffer, slots: number) => void;
}

export interface UdpSocketState {
  port: number;
  /** As the kernel accounts: with what it needs itself for each datagram. */
  bufferBytes: number;
  /** Datagrams that found the socket full since it was opened, modulo 2^32. */
  drops: number;
}

export interface UdpReader {
  /** In the order of `listen`. */
  states(): UdpSocketState[];
  /** Resolves when all that the sockets held was given to onBatch. */
  stop(): Promise<void>;
  /** After stop(). */
  close(): void;
}

/** Head of a slot, little-endian; native/udp-reader.c has the same. */
export const Slot = {
  /** u32, of the datagram. */
  BYTES: 0,
  /** u32, index into `listen`. */
  SOCKET: 4,
  /** 16 bytes, IPv4 mapped: the sender. */
  ADDRESS: 8,
  /** The datagram. */
  DATA: 24,
} as const;

/** Holds any datagram; and no power of two, or the heads of all would share a few lines of the processor's cache. */
export const SLOT_BYTES = 65_536 + 1536;
const SLOTS = 128;
const SLABS = 3;

/** @throws {Error} with the errno's name as its code: EADDRINUSE, EADDRNOTAVAIL, EACCES */
export function openUdpReader(options: UdpReaderOptions): UdpReader {
  const addon = native();
  const slabs = Array.from({ length: SLABS }, () => Buffer.alloc(SLOTS * SLOT_BYTES));
  const fds: number[] = [];
  const stopped = Promise.withResolvers<void>();
  let reader: NativeUdpReader;

  const closeSockets = () => {
    for (const fd of fds.splice(0)) addon.closeFd(fd);
  };
  try {
    for (const { address, scopeId, port } of options.listen)
      fds.push(addon.openUdpSocket(address, scopeId, port, options.bufferBytes, options.sharePort ? 1 : 0));
    reader = addon.startUdpReader(fds, options.tickMs, SLOT_BYTES, slabs, (slab, slots) => {
      if (slab < 0) stopped.resolve();
      else options.onBatch(slabs[slab] as Buffer, slots);
    });
  } catch (error) {
    closeSockets();
    throw error;
  }

  return {
    states: () =>
      fds.map((fd) => {
        const [port, bufferBytes, drops] = addon.udpSocketState(fd);
        return { port, bufferBytes, drops };
      }),
    async stop() {
      addon.stopUdpReader(reader);
      await stopped.promise;
    },
    close() {
      addon.closeUdpReader(reader);
      closeSockets();
    },
  };
}
