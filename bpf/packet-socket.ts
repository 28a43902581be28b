// Sends raw Ethernet frames out of an interface: traffic for the lab and for tests.

import { release } from 'node:os';
import { explain } from './errors.ts';
import { netnsPath } from './links.ts';
import { native } from './native.ts';

export interface PacketSocket {
  /** @returns false when the interface's queue is full just now */
  send(frame: Buffer): boolean;
  close(): void;
}

/** @param netns name of a namespace; default: the process's own @throws {CaptureError} needs CAP_NET_RAW */
export function openPacketSocket(ifName: string, netns?: string): PacketSocket {
  const addon = native();
  let fd: number;
  try {
    fd = addon.openPacketSocket(ifName, netnsPath(netns));
  } catch (error) {
    throw explain(error, `opening a packet socket on ${ifName}`, release());
  }
  return {
    send(frame) {
      try {
        addon.sendFrame(fd, frame);
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOBUFS') return false;
        throw explain(error, `sending a frame on ${ifName}`, release());
      }
    },
    close: () => addon.closeFd(fd),
  };
}
