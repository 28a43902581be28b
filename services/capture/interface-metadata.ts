// What is known of each interface, and which of it has changed. Pure.

import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import { IFF_UP, type Link, type LinkAddress } from 'libbpf-ts/netlink.ts';
import { type Decisions, kindOf } from './interfaces.ts';

/** An interface as the last look found it. */
export interface KnownInterface {
  link: Link;
  speedBps: number;
  addresses: readonly LinkAddress[];
  decisions: Decisions;
}

/** RFC 2863 ifOperStatus as Linux has it: some drivers never say, and are then up when they are switched on. */
export function isOperUp(link: Link): boolean {
  return link.operState === 'up' || (link.operState === 'unknown' && (link.flags & IFF_UP) !== 0);
}

/** @param indexOf makes an interface index unique for the agent */
export function describeInterface(
  known: KnownInterface,
  netns: string | undefined,
  indexOf: (ifIndex: number) => number,
  validFromNs: bigint,
): InterfaceMetadata {
  const { link, addresses, decisions } = known;
  return {
    validFromNs,
    removed: false,
    ifIndex: indexOf(link.ifIndex),
    netns: netns ?? '',
    name: link.name,
    alias: link.alias,
    kind: kindOf(link),
    parent: link.parent > 0 ? indexOf(link.parent) : 0,
    master: link.master > 0 ? indexOf(link.master) : 0,
    mac: link.mac,
    mtu: link.mtu,
    speedBps: known.speedBps,
    adminUp: (link.flags & IFF_UP) !== 0,
    operUp: isOperUp(link),
    addresses: addresses.map(({ address, prefixBits }) => ({ address, prefixBits })),
    ingressRate: decisions.ingress.rate,
    egressRate: decisions.egress.rate,
  };
}

/** Remembers what was said of each interface, so that only news is said. */
export interface MetadataDiff {
  /** @param all every interface of a namespace now @returns what is new, has changed, or is gone */
  update(all: readonly InterfaceMetadata[], validFromNs: bigint): InterfaceMetadata[];
  /** What was said last of every interface there is. */
  known(): InterfaceMetadata[];
}

export function createMetadataDiff(): MetadataDiff {
  let last = new Map<number, { metadata: InterfaceMetadata; text: string }>();
  return {
    known: () => [...last.values()].map(({ metadata }) => metadata),
    update(all, validFromNs) {
      const next = new Map(
        all.map((metadata) => {
          const text = textOf(metadata);
          const before = last.get(metadata.ifIndex);
          // What has not changed is valid from when it was first so.
          return [metadata.ifIndex, before?.text === text ? before : { metadata, text }];
        }),
      );
      const news = [...next.values()].filter((entry) => last.get(entry.metadata.ifIndex) !== entry);
      const gone = [...last.values()].filter(({ metadata }) => !next.has(metadata.ifIndex));
      last = next;
      return [
        ...news.map(({ metadata }) => metadata),
        ...gone.map(({ metadata }) => ({ ...metadata, removed: true, validFromNs })),
      ];
    },
  };
}

function textOf(metadata: InterfaceMetadata): string {
  const addresses = metadata.addresses.map(({ address, prefixBits }) => `${address.toString('hex')}/${prefixBits}`);
  return JSON.stringify({ ...metadata, validFromNs: 0, addresses });
}
