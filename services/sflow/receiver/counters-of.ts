// Counter samples of one agent → Counters. 32-bit counters become such that do not wrap.

import type { EthernetCounters, HostCounters, InterfaceCounters } from '@tcxflow/schemas/generated.ts';
import { DATA_SOURCE_IF_INDEX } from '../codec/constants.ts';
import type { DecodedCounterSample, DecodedIfCounters } from '../codec/decode-counter-sample.ts';
import type { DecodedStructure, Value } from '../codec/decode-structure.ts';
import { HOST_RECORDS } from '../codec/host-records.ts';
import type { Share } from './budget.ts';
import type { InterfaceTable } from './interface-table.ts';
import { type Growing, grow } from './numbers.ts';

export interface CounterNumbers {
  add(sample: DecodedCounterSample): void;
  /** Interfaces that wait. */
  readonly count: number;
  /** @returns what has come since the last call; undefined: nothing */
  take(): { interfaces: InterfaceCounters[]; host: HostCounters | null } | undefined;
}

const INTERFACES_MAX = 65_536;
/** No ifIndex. */
const HOST = -1;
const INT_MAX = 0x7fffffff;
/** The largest that avsc writes. */
const LONG_MAX = Number.MAX_SAFE_INTEGER - 1;
const ETHERNET = [
  ...(['alignmentErrors', 'fcsErrors', 'singleCollisionFrames', 'multipleCollisionFrames'] as const),
  ...(['sqeTestErrors', 'deferredTransmissions', 'lateCollisions', 'excessiveCollisions'] as const),
  ...(['internalMacTransmitErrors', 'carrierSenseErrors', 'frameTooLongs', 'internalMacReceiveErrors'] as const),
  'symbolErrors' as const,
] satisfies (keyof EthernetCounters)[];

export interface CounterOptions {
  /** Learns what they say of interfaces. */
  table: InterfaceTable;
  subAgentId: number;
  share: Share;
}

export function createCounterNumbers({ table, subAgentId, share }: CounterOptions): CounterNumbers {
  /** Of each interface and of the machine. */
  const growing = new Map<number, Map<string, Growing>>();
  let interfaces: InterfaceCounters[] = [];
  let host: HostCounters | null = null;

  function wide(owner: number, name: string, value: number | null): number | null {
    if (value === null) return null;
    let counters = growing.get(owner);
    if (!counters && growing.size < INTERFACES_MAX && share.take()) {
      counters = new Map();
      growing.set(owner, counters);
    }
    const known = counters?.get(name);
    if (known) return grow(known, value);
    counters?.set(name, { last: value, total: value });
    return value;
  }

  function interfaceOf(record: DecodedIfCounters, ethernet: DecodedStructure | undefined): InterfaceCounters {
    const { ifIndex } = record;
    const of = (name: string, value: number | null) => wide(ifIndex, name, value);
    const inMulticast = of('im', record.inMulticast);
    const inBroadcast = of('ib', record.inBroadcast);
    const outMulticast = of('om', record.outMulticast);
    const outBroadcast = of('ob', record.outBroadcast);
    return {
      ...{ ifIndex, ifName: table.nameOf(ifIndex), ifType: record.ifType & INT_MAX, ifSpeed: whole(record.ifSpeed) },
      ...{ ifDirection: record.ifDirection & INT_MAX, mtu: 0, promiscuous: record.promiscuousMode === 1 },
      ...{ adminUp: (record.ifStatus & 1) !== 0, operUp: (record.ifStatus & 2) !== 0 },
      inOctets: whole(record.inOctets),
      inPackets: (of('iu', record.inUnicast) ?? 0) + (inMulticast ?? 0) + (inBroadcast ?? 0),
      ...{ inMulticast, inBroadcast },
      inDiscards: of('id', record.inDiscards) ?? 0,
      inErrors: of('ie', record.inErrors) ?? 0,
      outOctets: whole(record.outOctets),
      outPackets: (of('ou', record.outUnicast) ?? 0) + (outMulticast ?? 0) + (outBroadcast ?? 0),
      ...{ outMulticast, outBroadcast },
      outDiscards: of('od', record.outDiscards) ?? 0,
      outErrors: of('oe', record.outErrors) ?? 0,
      ethernet: ethernet ? ethernetOf(ifIndex, Object.values(ethernet.values)) : null,
    };
  }

  function ethernetOf(ifIndex: number, values: Value[]): EthernetCounters {
    const pairs = ETHERNET.map((name, i) => [name, wide(ifIndex, name, values[i] as number | null)]);
    return Object.fromEntries(pairs) as EthernetCounters;
  }

  /** The topic's fields stand in the order of the wire, as those of the structure do. */
  function addHost(structure: DecodedStructure): void {
    const into: HostCounters = host ?? { ...NOTHING };
    if (structure.tag === 2000) into.description = descriptionOf(structure);
    const record = HOST_RECORDS.find(({ tag }) => tag === structure.tag);
    if (record) {
      const values = Object.values(structure.values);
      const pairs = record.fields.map(([kind, name], i) => {
        const value = values[i];
        if (kind === 'counter') return [name, wide(HOST, `${record.tag} ${name}`, (value ?? null) as number | null)];
        if (value === null || value === undefined) return [name, null];
        if (kind === 'load' || kind === 'percent')
          return [name, Number(value) < 0 ? null : Number(value) / (kind === 'percent' ? 100 : 1)];
        return [name, whole(value as number | bigint)];
      });
      Object.assign(into, { [record.group]: Object.fromEntries(pairs) });
    }
    if (record || structure.tag === 2000) host = into;
  }

  return {
    add({ records, sourceClass, sourceIndex }) {
      const structure = (name: string) =>
        records.find((record): record is DecodedStructure => record.kind === 'structure' && record.name === name);
      for (const record of records) {
        if (record.kind === 'port_name' && sourceClass === DATA_SOURCE_IF_INDEX)
          table.learnName(sourceIndex, record.name, subAgentId);
        if (record.kind === 'structure') addHost(record);
      }
      const counters = records.find((record) => record.kind === 'if_counters');
      if (counters?.kind !== 'if_counters' || counters.ifIndex > INT_MAX) return;
      table.learn(counters, subAgentId);
      interfaces.push(interfaceOf(counters, structure('ethernet_counters')));
    },
    get count() {
      return interfaces.length;
    },
    take() {
      if (interfaces.length === 0 && !host) return undefined;
      const taken = { interfaces, host };
      interfaces = [];
      host = null;
      return taken;
    },
  };
}

const NOTHING: HostCounters = {
  ...{ description: null, cpu: null, memory: null, disk: null, network: null },
  ...{ ip: null, icmp: null, tcp: null, udp: null },
};

/** What does not fit into 53 bits is beyond any counter of octets: taken without its upper bits, as a wrap would. */
function whole(value: number | bigint | null): number {
  return typeof value === 'bigint' ? Math.min(Number(BigInt.asUintN(53, value)), LONG_MAX) : (value ?? 0);
}

function descriptionOf({ values }: DecodedStructure): HostCounters['description'] {
  const uuid = values.uuid as Buffer;
  return {
    hostname: String(values.hostname),
    uuid: uuid.every((byte) => byte === 0) ? null : Buffer.from(uuid),
    machineType: Number(values.machineType) & INT_MAX,
    osName: Number(values.osName) & INT_MAX,
    osRelease: String(values.osRelease),
  };
}
