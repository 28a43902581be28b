// Counters of the sampled interfaces, from one RTM_GETLINK dump per namespace; of the host; and news of interfaces as
// they come.

import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { Counters, InterfaceCounters, InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import { listLinks, readLinkSpeed } from 'libbpf-ts/links.ts';
import { ARPHRD_ETHER, ARPHRD_LOOPBACK, IFF_PROMISC, IFF_UP, type Link } from 'libbpf-ts/netlink.ts';
import { readHostCounters } from './host/host-counters.ts';
import type { AgentIdentity } from './identity.ts';
import { isOperUp } from './interface-metadata.ts';
import type { Sampler } from './sampler.ts';

export interface CounterPollerOptions {
  identity: AgentIdentity;
  intervalMs: number;
  sampler: Pick<Sampler, 'namespaces'>;
  emit: (counters: Counters) => void;
  log: Logger;
}

export interface CounterPoller extends Component {
  /** News of interfaces, in a message of its own, at once. */
  tell(metadata: InterfaceMetadata[]): void;
}

export function createCounterPoller(options: CounterPollerOptions): CounterPoller {
  const { identity, sampler, log } = options;
  const problems = throttled(60_000);
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;
  const nowNs = () => BigInt(Date.now()) * 1_000_000n;

  function poll(): void {
    const interfaces: InterfaceCounters[] = [];
    for (const namespace of sampler.namespaces()) {
      const { netns } = namespace;
      try {
        const sampled = new Set(namespace.sampled().map(({ link }) => link.ifIndex));
        for (const link of listLinks(netns))
          if (sampled.has(link.ifIndex))
            interfaces.push(interfaceCounters(link, namespace.indexOf(link.ifIndex), readLinkSpeed(link.name, netns)));
      } catch (error) {
        problems((skipped) => log.warn({ err: error, netns, skipped }, 'interface counters cannot be read'));
      }
    }
    sequence++;
    options.emit({ ...identity, sequence, timeNs: nowNs(), interfaces, host: readHostCounters(), metadata: [] });
  }

  return {
    name: 'counter poller',
    tell(metadata) {
      // The sequence is that of counters: this message has none.
      options.emit({ ...identity, sequence, timeNs: nowNs(), interfaces: [], host: null, metadata });
    },
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
export function interfaceCounters(
  link: Link,
  ifIndex: number,
  speed: { bitsPerSecond: number; duplex: number },
): InterfaceCounters {
  const { stats } = link;
  return {
    ifIndex,
    ifName: link.name,
    ifType: link.arpType === ARPHRD_ETHER ? 6 : link.arpType === ARPHRD_LOOPBACK ? 24 : 1,
    ifSpeed: speed.bitsPerSecond,
    ifDirection: speed.duplex,
    adminUp: (link.flags & IFF_UP) !== 0,
    operUp: isOperUp(link),
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
