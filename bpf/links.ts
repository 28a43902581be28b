// Interfaces and clocks of this host, from the kernel.

import { release } from 'node:os';
import { explain } from './errors.ts';
import {
  type EthernetStats,
  ethernetStatsRequest,
  familiesRequest,
  type LinkSpeed,
  linkModesRequest,
  parseEthernetStats,
  parseEthtoolFamily,
  parseLinkModes,
} from './ethtool.ts';
import { native } from './native.ts';
import {
  dumpRequest,
  type Link,
  type LinkAddress,
  parseAddresses,
  parseDeletedLinks,
  parseLinks,
  RTM_GETADDR,
  RTM_GETLINK,
} from './netlink.ts';

/** Path of a namespace made with `ip netns add NAME`; a path stays what it is. undefined: the process's own. */
export function netnsPath(name: string | undefined): string | null {
  if (name === undefined) return null;
  return name.startsWith('/') ? name : `/run/netns/${name}`;
}

/** Every interface of a network namespace. @throws {CaptureError} */
export function listLinks(netns?: string): Link[] {
  return inNamespace('listing the interfaces', netns, (path) => parseLinks(native().dump(path, RTM_GETLINK)));
}

/** Every address of a network namespace. @throws {CaptureError} */
export function listAddresses(netns?: string): LinkAddress[] {
  return inNamespace('listing the addresses', netns, (path) => parseAddresses(native().dump(path, RTM_GETADDR)));
}

/** What a network namespace has. */
export interface Network {
  links: Link[];
  addresses: LinkAddress[];
  /** By ifIndex; a device that does not say is missing. */
  speeds: Map<number, LinkSpeed>;
  /** By ifIndex; a device whose driver counts none is missing. */
  ethernetStats: Map<number, EthernetStats>;
}

const NETLINK_ROUTE = 0;
const NETLINK_GENERIC = 16;
/** The number is the kernel's, for as long as it runs. undefined: not asked yet; 0: it has no such family. */
let ethtoolFamily: number | undefined;

/**
 * Everything in one go, in the background: the kernel may keep us waiting for RTNL. The interfaces come first, so that
 * addresses and speeds of all of them are there.
 * @throws {CaptureError}
 */
export async function readNetwork(netns?: string, parts = { ethernetStats: false }): Promise<Network> {
  const path = netnsPath(netns);
  try {
    if (ethtoolFamily === undefined) {
      const [families] = await native().netlinkDumps(path, [[NETLINK_GENERIC, familiesRequest()]]);
      ethtoolFamily = parseEthtoolFamily(answered(families)) ?? 0;
    }
    const [links, addresses, modes, stats] = await native().netlinkDumps(path, [
      [NETLINK_ROUTE, dumpRequest(RTM_GETLINK)],
      [NETLINK_ROUTE, dumpRequest(RTM_GETADDR)],
      ...(ethtoolFamily ? [[NETLINK_GENERIC, linkModesRequest(ethtoolFamily)] as [number, Buffer]] : []),
      ...(ethtoolFamily && parts.ethernetStats
        ? [[NETLINK_GENERIC, ethernetStatsRequest(ethtoolFamily)] as [number, Buffer]]
        : []),
    ]);
    return {
      links: parseLinks(answered(links)),
      addresses: parseAddresses(answered(addresses)),
      // Older kernels do not know the question: then nothing is known.
      speeds: Buffer.isBuffer(modes) ? parseLinkModes(modes) : new Map(),
      ethernetStats: Buffer.isBuffer(stats) ? parseEthernetStats(stats) : new Map(),
    };
  } catch (error) {
    throw explain(error, `reading the interfaces${netns ? ` of namespace ${netns}` : ''}`, release());
  }
}

function answered(answer: Buffer | Error | undefined): Buffer {
  if (Buffer.isBuffer(answer)) return answer;
  throw answer ?? new Error('no answer');
}

/** @returns bit/s and 1 full, 2 half duplex (0 unknown), as the driver says; zeros when it does not @throws {CaptureError} */
export function readLinkSpeed(ifName: string, netns?: string): LinkSpeed {
  return inNamespace('reading the link speed', netns, (path) => {
    const answer = native().linkSpeed(path, ifName);
    if (!answer) return { bitsPerSecond: 0, duplex: 0 };
    const [megabits, duplex] = answer; // ethtool: 0 half, 1 full
    return { bitsPerSecond: megabits * 1_000_000, duplex: duplex === 1 ? 1 : duplex === 0 ? 2 : 0 };
  });
}

/** What has changed since the last look. */
export interface LinkChanges {
  /** Something has: list the interfaces again. Also after messages were lost. */
  changed: boolean;
  /** ifIndexes that went away in between, even when another interface has them now. */
  deleted: Set<number>;
  /** Messages were lost: any interface may have been made anew. */
  lost: boolean;
}

export interface LinkWatch {
  /** Costs a system call when nothing has changed. @throws {CaptureError} */
  poll(): LinkChanges;
  close(): void;
}

const MESSAGES_MAX = 10_000;

/** Gets the changes of interfaces and addresses of a namespace from now on. @throws {CaptureError} */
export function openLinkWatch(netns?: string): LinkWatch {
  const addon = native();
  const fd = inNamespace('watching the interfaces', netns, (path) => addon.watchOpen(path));
  return {
    poll() {
      const changes: LinkChanges = { changed: false, deleted: new Set(), lost: false };
      for (let count = 0; count < MESSAGES_MAX; count++) {
        let messages: Buffer | null;
        try {
          messages = addon.watchRead(fd);
        } catch (error) {
          // More came than the socket holds: what was lost shows when the interfaces are listed again.
          if ((error as { code?: string }).code !== 'ENOBUFS')
            throw explain(error, 'watching the interfaces', release());
          changes.changed = true;
          changes.lost = true;
          continue;
        }
        if (!messages) break;
        changes.changed = true;
        for (const ifIndex of parseDeletedLinks(messages)) changes.deleted.add(ifIndex);
      }
      return changes;
    },
    close: () => addon.closeFd(fd),
  };
}

function inNamespace<T>(doing: string, netns: string | undefined, work: (path: string | null) => T): T {
  try {
    return work(netnsPath(netns));
  } catch (error) {
    throw explain(error, `${doing}${netns ? ` of namespace ${netns}` : ''}`, release());
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
