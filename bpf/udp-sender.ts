// UDP sockets with options that Node has no word for.

import { native } from './native.ts';

export interface UdpSenderOptions {
  family: 4 | 6;
  bufferBytes: number;
  /** 0 to 63, RFC 2474. */
  dscp: number;
}

/**
 * @returns a file descriptor that is not bound; who gets it owns it (node:dgram takes it with bind({ fd }))
 * @throws {CaptureError} ADDON_MISSING @throws {Error} with the errno's name as its code
 */
export function openUdpSender({ family, bufferBytes, dscp }: UdpSenderOptions): number {
  return native().openUdpSender(family, bufferBytes, dscp);
}
