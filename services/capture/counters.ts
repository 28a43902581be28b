// Counters of the sampled interfaces, from one RTM_GETLINK dump per namespace; of the host; and news of interfaces as
// they come.

import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { Counters, InterfaceCounters, InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import { type Counters as AttachmentCounters, type Direction, directions } from 'libbpf-ts/capture.ts';
import type { EthernetStats, LinkSpeed } from 'libbpf-ts/ethtool.ts';
import { readNetwork } from 'libbpf-ts/links.ts';
import { ARPHRD_ETHER, ARPHRD_LOOPBACK, IFF_PROMISC, IFF_UP, type Link } from 'libbpf-ts/netlink.ts';
import { ethernetCounters } from './ethernet-counters.ts';
import { readHostCounters } from './host/host-counters.ts';
import type { AgentIdentity } from './identity.ts';
import { isOperUp } from './interface-metadata.ts';
import { createPoolCheck } from './pool-check.ts';
import type { Sampler } from './sampler.ts';

export interface CounterPollerOptions {
  identity: AgentIdentity;
  intervalMs: number;
  sampler: Pick<Sampler, 'namespaces'>;
  emit: (counters: Counters) => void;
  /** Packets of the device that the hook did not see. */
  unseen: { inc(labels: { interface: string; direction: string }, value: number): void };
  log: Logger;
}

export interface CounterPoller extends Component {
  /** News of interfaces, in a message of its own, at once. */
  tell(metadata: InterfaceMetadata[]): void;
}

export function createCounterPoller(options: CounterPollerOptions): CounterPoller {
  const { identity, sampler, log } = options;
  const problems = throttled(60_000);
  const unseenLines = throttled(600_000);
  const check = createPoolCheck();
  let sequence = 0;
  let polling: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const nowNs = () => BigInt(Date.now()) * 1_000_000n;

  function compare(link: Link, ifIndex: number, direction: Direction, counters: AttachmentCounters): void {
    const devicePackets = direction === 'ingress' ? link.stats.rxPackets : link.stats.txPackets;
    const reading = { devicePackets, poolPackets: counters.packets + counters.own };
    const packets = check.unseen(`${ifIndex}/${direction}`, reading);
    if (packets === 0) return;
    options.unseen.inc({ interface: link.name, direction }, packets);
    unseenLines((skipped) =>
      log.warn(
        { interface: link.name, direction, packets, skipped },
        'the device had packets that our hook did not see: an earlier program or XDP may take them; see capture.interfaces.order',
      ),
    );
  }

  async function readInterfaces(): Promise<InterfaceCounters[]> {
    const interfaces: InterfaceCounters[] = [];
    for (const namespace of sampler.namespaces()) {
      const { netns, path } = namespace;
      try {
        const { links, speeds, ethernetStats } = await readNetwork(path, { ethernetStats: true });
        const sampled = new Map(namespace.sampled().map((entry) => [entry.link.ifIndex, entry]));
        for (const link of links) {
          const entry = sampled.get(link.ifIndex);
          if (!entry) continue;
          const ifIndex = namespace.indexOf(link.ifIndex);
          const stats = ethernetStats.get(link.ifIndex);
          interfaces.push(interfaceCounters(link, ifIndex, speeds.get(link.ifIndex), stats));
          for (const direction of directions)
            if (entry.decisions[direction].rate > 0)
              compare(link, ifIndex, direction, entry.attachment.counters(direction));
        }
      } catch (error) {
        problems((skipped) => log.warn({ err: error, netns, skipped }, 'interface counters cannot be read'));
      }
    }
    return interfaces;
  }

  async function pollOnce(): Promise<void> {
    const interfaces = await readInterfaces();
    sequence++;
    options.emit({ ...identity, sequence, timeNs: nowNs(), interfaces, host: readHostCounters(), metadata: [] });
  }

  /** One after the other: the kernel may keep us waiting. */
  function poll(): Promise<void> {
    polling = polling
      .then(pollOnce)
      .catch((error: unknown) => problems((skipped) => log.warn({ err: error, skipped }, 'counters cannot be read')));
    return polling;
  }

  return {
    name: 'counter poller',
    tell(metadata) {
      // The sequence is that of counters: this message has none.
      options.emit({ ...identity, sequence, timeNs: nowNs(), interfaces: [], host: null, metadata });
    },
    async start() {
      await poll();
      timer = setInterval(() => void poll(), options.intervalMs);
    },
    /** The last word; nothing more comes, however often it is called. */
    async stop() {
      if (!timer) return polling;
      clearInterval(timer);
      timer = undefined;
      await poll();
    },
  };
}

/** RFC 2863 names for what rtnl_link_stats64 has; Linux counts multicast on reception only and no broadcast, some drivers do. */
export function interfaceCounters(
  link: Link,
  ifIndex: number,
  speed: LinkSpeed | undefined,
  driver: EthernetStats | undefined,
): InterfaceCounters {
  const { stats } = link;
  return {
    ifIndex,
    ifName: link.name,
    ifType: link.arpType === ARPHRD_ETHER ? 6 : link.arpType === ARPHRD_LOOPBACK ? 24 : 1,
    ifSpeed: speed?.bitsPerSecond ?? 0,
    ifDirection: speed?.duplex ?? 0,
    adminUp: (link.flags & IFF_UP) !== 0,
    operUp: isOperUp(link),
    promiscuous: (link.flags & IFF_PROMISC) !== 0,
    mtu: link.mtu,
    inOctets: stats.rxBytes,
    inPackets: stats.rxPackets,
    inMulticast: driver?.multicastReceived ?? stats.multicast,
    inBroadcast: driver?.broadcastReceived ?? null,
    inDiscards: stats.rxDropped,
    inErrors: stats.rxErrors,
    outOctets: stats.txBytes,
    outPackets: stats.txPackets,
    outMulticast: driver?.multicastTransmitted ?? null,
    outBroadcast: driver?.broadcastTransmitted ?? null,
    outDiscards: stats.txDropped,
    outErrors: stats.txErrors,
    ethernet: ethernetCounters(link, driver),
  };
}
