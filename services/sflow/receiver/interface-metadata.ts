// What is known of an sFlow agent's interfaces, as the counters topic tells it: each change at once, and all of it every hour.

import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import type { Direction } from './flow-batch.ts';
import type { InterfaceTable, KnownInterface } from './interface-table.ts';

/** IANAifType: what switches have, in the words that capture has for them. */
const KINDS = new Map([
  ...([6, 62, 69, 117].map((type) => [type, 'physical']) as [number, string][]),
  ...([
    [24, 'loopback'],
    [53, 'virtual'],
    [131, 'tunnel'],
    [135, 'vlan'],
    [136, 'vlan'],
  ] as [number, string][]),
  ...([
    [161, 'bond'],
    [209, 'bridge'],
  ] as [number, string][]),
]);

/** What one start of a sub-agent has said of the table; the readers of the topic keep each start's words apart. */
export interface MetadataTeller {
  /** This one's samples have something new of it. */
  mark(ifIndex: number): void;
  /** @returns what is new or has changed; every hour all. At most as many as a message should have: ask again */
  take(nowMs: number): InterfaceMetadata[];
}

const REPEAT_MS = 3_600_000;
export const METADATA_MAX = 2000;

/** @param rateOf N of 1:N that samples of it have; 0: none came */
export function createMetadataTeller(
  table: InterfaceTable,
  rateOf: (ifIndex: number, direction: Direction) => number,
): MetadataTeller {
  /** Since when it is as it was said last. */
  const said = new Map<number, { version: number; validFromNs: bigint }>();
  const waiting = new Set<number>();
  let seenVersion = 0;
  let repeatedMs: number | undefined;

  function collect(nowMs: number): void {
    const repeats = repeatedMs === undefined || nowMs - repeatedMs >= REPEAT_MS;
    if (!repeats && table.version === seenVersion) return;
    for (const [ifIndex, { version }] of table.all()) if (repeats || version > seenVersion) waiting.add(ifIndex);
    seenVersion = table.version;
    if (repeats) repeatedMs = nowMs;
  }

  function describe(ifIndex: number, known: KnownInterface, nowMs: number): InterfaceMetadata {
    const before = said.get(ifIndex);
    const validFromNs = before?.version === known.version ? before.validFromNs : BigInt(Math.round(nowMs)) * 1_000_000n;
    said.set(ifIndex, { version: known.version, validFromNs });
    const unknown = { netns: '', alias: '', parent: 0, master: 0, mac: '', mtu: 0, addresses: [] };
    return {
      ...{ validFromNs, removed: false, ifIndex, name: table.nameOf(ifIndex), kind: KINDS.get(known.type) ?? 'other' },
      ...{ ...unknown, speedBps: known.speedBps, adminUp: known.adminUp, operUp: known.operUp },
      ...{ ingressRate: rateOf(ifIndex, 'ingress'), egressRate: rateOf(ifIndex, 'egress') },
    };
  }

  return {
    mark(ifIndex) {
      if (said.has(ifIndex)) waiting.add(ifIndex);
    },
    take(nowMs) {
      collect(nowMs);
      const news: InterfaceMetadata[] = [];
      for (const ifIndex of waiting) {
        if (news.length === METADATA_MAX) break;
        waiting.delete(ifIndex);
        const known = table.find(ifIndex);
        if (known) news.push(describe(ifIndex, known, nowMs));
      }
      return news;
    },
  };
}
