// Interfaces and clocks of this host, from the kernel.

import { release } from 'node:os';
import { explain } from './errors.ts';
import { native } from './native.ts';
import { type Link, parseLinks } from './netlink.ts';

/** Path of a namespace made with `ip netns add NAME`. undefined: the process's own. */
export function netnsPath(name: string | undefined): string | null {
  return name === undefined ? null : `/run/netns/${name}`;
}

/** Every interface of a network namespace. @throws {CaptureError} */
export function listLinks(netns?: string): Link[] {
  try {
    return parseLinks(native().dumpLinks(netnsPath(netns)));
  } catch (error) {
    throw explain(error, `listing the interfaces${netns ? ` of namespace ${netns}` : ''}`, release());
  }
}

/** Version of the libbpf that the addon runs on. @throws {CaptureError} ADDON_MISSING */
export function libbpfVersion(): string {
  return native().libbpfVersion();
}

/** Wall clock against the kernel's monotonic clock, which stamps the samples. */
export interface ClockReading {
  /** Add to a kernel time to get wall-clock ns since 1970. */
  offsetNs: bigint;
  /** Half the time between the two monotonic readings around the wall clock's. */
  uncertaintyNs: number;
}

const clocks = Buffer.alloc(24);

/** Reads the clocks; of a few tries the tightest counts. */
export function readClockOffset(): ClockReading {
  let best: ClockReading | undefined;
  for (let attempt = 0; attempt < 3; attempt++) {
    native().readClocks(clocks);
    const before = clocks.readBigInt64LE(0);
    const after = clocks.readBigInt64LE(16);
    const uncertaintyNs = Number(after - before + 1n) / 2;
    if (!best || uncertaintyNs < best.uncertaintyNs)
      best = { offsetNs: clocks.readBigInt64LE(8) - (before + after) / 2n, uncertaintyNs: Math.ceil(uncertaintyNs) };
  }
  return best as ClockReading;
}
