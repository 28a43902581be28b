// What each collector is sent, and how. Collectors that want the same share one stream of datagrams.

import type { SflowConfig } from './config.ts';
import { matchesAny } from './patterns.ts';
import { createPrefixFilter, type WantsPacket } from './prefix-filter.ts';

export interface StreamOptions {
  datagramBytes: number;
  headerBytes: number;
  portNames: boolean;
  vlans: boolean;
  tunnels: boolean;
  timestamps: boolean;
  host: boolean;
  discards: boolean;
  thin: number;
  agents: readonly string[];
  interfaces: readonly string[];
  prefixes: readonly string[];
}

/** How one collector gets its datagrams. */
export interface Delivery {
  /** host:port. */
  address: string;
  dscp: number;
  /** undefined: as they come. */
  maxDatagramsPerS: number | undefined;
  /** The agent's address as the sender's. */
  spoofSource: boolean;
}

export interface Stream {
  /** The same as long as its options are, also when others come and go. */
  number: number;
  options: StreamOptions;
  /** Of each collector. */
  deliveries: Delivery[];
  wantsAgent(name: string): boolean;
  /** undefined: all. */
  wantsInterface: ((name: string) => boolean) | undefined;
  /** undefined: all. */
  wantsPacket: WantsPacket | undefined;
}

/** @param before streams of an earlier configuration: those with the same options keep their numbers */
export function streamsOf(config: SflowConfig, before: readonly Stream[] = []): Stream[] {
  const numbers = new Map(before.map(({ number, options }) => [JSON.stringify(options), number]));
  let next = Math.max(-1, ...numbers.values()) + 1;
  const streams = new Map<string, Stream>();
  for (const entry of config.collectors) {
    const keys = typeof entry === 'string' ? { address: entry } : entry;
    const { address, dscp = 0, maxDatagramsPerS, spoofSource = false, ...own } = keys;
    const delivery = { address, dscp, maxDatagramsPerS, spoofSource };
    const options: StreamOptions = {
      ...{ datagramBytes: config.datagramBytes, headerBytes: config.headerBytes },
      ...{ portNames: false, vlans: false, tunnels: false, timestamps: false },
      ...{ host: true, discards: false, thin: 1, agents: [], interfaces: [], prefixes: [] },
      ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    };
    const key = JSON.stringify(options);
    const stream = streams.get(key);
    if (stream) stream.deliveries.push(delivery);
    else streams.set(key, streamOf(numbers.get(key) ?? next++, options, delivery));
  }
  return [...streams.values()];
}

function streamOf(number: number, options: StreamOptions, delivery: Delivery): Stream {
  const agents = matchesAny(options.agents);
  return {
    number,
    options,
    deliveries: [delivery],
    wantsAgent: agents ?? (() => true),
    wantsInterface: matchesAny(options.interfaces),
    wantsPacket: createPrefixFilter(options.prefixes),
  };
}
