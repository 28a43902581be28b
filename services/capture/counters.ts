// Interface counters of the sampled interfaces, from one RTM_GETLINK dump per namespace.

import { readFileSync } from 'node:fs';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { Counters, InterfaceCounters } from '@tcxflow/schemas/generated.ts';
import { listLinks } from 'libbpf-ts/links.ts';
import { ARPHRD_ETHER, ARPHRD_LOOPBACK, IFF_PROMISC, IFF_UP, type Link } from 'libbpf-ts/netlink.ts';
import type { AgentIdentity } from './identity.ts';
import type { Sampler } from './sampler.ts';

export interface CounterPollerOptions {
  identity: AgentIdentity;
  intervalMs: number;
  sampler: Sampler;
  emit: (counters: Counters) => void;
  log: Logger;
}

export function createCounterPoller(options: CounterPollerOptions): Component {
  const { identity, sampler, log } = options;
  const problems = throttled(60_000);
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;

  function poll(): void {
    const interfaces: InterfaceCounters[] = [];
    for (const { netns, ifIndexes } of sampler.sampled()) {
      try {
        for (const link of listLinks(netns))
          if (ifIndexes.has(link.ifIndex)) interfaces.push(interfaceCounters(link, netns ? 0 : linkSpeed(link.name)));
      } catch (error) {
        problems((skipped) => log.warn({ err: error, netns, skipped }, 'interface counters cannot be read'));
      }
    }
    if (interfaces.length > 0)
      options.emit({ ...identity, sequence: ++sequence, timeNs: BigInt(Date.now()) * 1_000_000n, interfaces });
  }

  return {
    name: 'counter poller',
    start() {
      poll();
      timer = setInterval(poll, options.intervalMs);
    },
    /** The last word; nothing more comes, however often it is called. */
    stop() {
      if (!timer) return;
      clearInterval(timer);
      timer = undefined;
      poll();
    },
  };
}

/** RFC 2863 names for what rtnl_link_stats64 has; Linux counts multicast on reception only and no broadcast. */
export function interfaceCounters(link: Link, speedBps: number): InterfaceCounters {
  const { stats } = link;
  return {
    ifIndex: link.ifIndex,
    ifName: link.name,
    ifType: link.arpType === ARPHRD_ETHER ? 6 : link.arpType === ARPHRD_LOOPBACK ? 24 : 1,
    ifSpeed: speedBps,
    ifDirection: speedBps > 0 ? 1 : 0,
    adminUp: (link.flags & IFF_UP) !== 0,
    operUp: link.operState === 'up' || (link.operState === 'unknown' && (link.flags & IFF_UP) !== 0),
    promiscuous: (link.flags & IFF_PROMISC) !== 0,
    mtu: link.mtu,
    inOctets: stats.rxBytes,
    inPackets: stats.rxPackets,
    inMulticast: stats.multicast,
    inBroadcast: null,
    inDiscards: stats.rxDropped,
    inErrors: stats.rxErrors,
    outOctets: stats.txBytes,
    outPackets: stats.txPackets,
    outMulticast: null,
    outBroadcast: null,
    outDiscards: stats.txDropped,
    outErrors: stats.txErrors,
  };
}

/** bit/s, 0 when the device does not say: /sys answers EINVAL or -1 for a link that is down or has no speed. */
function linkSpeed(name: string): number {
  try {
    const megabits = Number.parseInt(readFileSync(`/sys/class/net/${name}/speed`, 'utf8'), 10);
    return megabits > 0 ? megabits * 1_000_000 : 0;
  } catch {
    return 0;
  }
}
