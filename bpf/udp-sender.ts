// UDP sockets with options that Node has no word for.

import { native } from './native.ts';

export interface UdpSenderOptions {
  family: 4 | 6;
  bufferBytes: number;
  /** 0 to 63, RFC 2474. */
  dscp: number;
  /** For sendUdpFrom. It needs CAP_NET_RAW or CAP_NET_ADMIN. */
  anySource: boolean;
}

/**
 * @returns a file descriptor that is not bound; who gets it owns it (node:dgram takes it with bind({ fd }))
 * @throws {CaptureError} ADDON_MISSING @throws {Error} with the errno's name as its code
 */
export function openUdpSender({ family, bufferBytes, dscp, anySource }: UdpSenderOptions): number {
  return native().openUdpSender(family, bufferBytes, dscp, anySource ? 1 : 0);
}

export interface UdpDestination {
  /** IPv4 or IPv6, as the socket is. */
  address: string;
  port: number;
}

/**
 * Sends with a source that need not be an address of this host.
 * @param source 16 bytes, IPv4 mapped
 * @returns 0, or the errno: EAGAIN when the socket is full, EAFNOSUPPORT when source and destination are of two families
 */
export function sendUdpFrom(fd: number, source: Buffer, { address, port }: UdpDestination, datagram: Buffer): number {
  return native().sendUdpFrom(fd, source, address, port, datagram);
}
