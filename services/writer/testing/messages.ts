// Messages with every field set, for tests: each field of a value of its own.

import type {
  Counters,
  DropBatch,
  HostCounters,
  InterfaceCounters,
  InterfaceMetadata,
  LedgerEntry,
  SampleBatch,
} from '@tcxflow/schemas/generated.ts';
import { countersCodec } from '@tcxflow/schemas/topics.ts';

const identity = {
  agent: 'host-1',
  agentAddress: Buffer.from('00000000000000000000ffffc0000201', 'hex'),
  bootId: Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex'),
};

export function interfaceCounters(fields: Partial<InterfaceCounters> = {}): InterfaceCounters {
  const words = { ifIndex: 2, ifName: 'eth0', ifType: 6, ifSpeed: 1e10, ifDirection: 1, mtu: 1500 };
  const flags = { adminUp: true, operUp: true, promiscuous: false };
  const input = { inOctets: 2 ** 53 - 2, inPackets: 2, inMulticast: 3, inBroadcast: null, inDiscards: 4, inErrors: 5 };
  const output = { outOctets: 6, outPackets: 7, outMulticast: null, outBroadcast: null, outDiscards: 8, outErrors: 9 };
  const receive = {
    alignmentErrors: 10,
    fcsErrors: 11,
    frameTooLongs: 12,
    internalMacReceiveErrors: 13,
    symbolErrors: 14,
  };
  const send = {
    singleCollisionFrames: 15,
    multipleCollisionFrames: 16,
    sqeTestErrors: null,
    deferredTransmissions: 17,
  };
  const lost = { lateCollisions: 18, excessiveCollisions: 19, internalMacTransmitErrors: 20, carrierSenseErrors: 21 };
  return { ...words, ...flags, ...input, ...output, ethernet: { ...receive, ...send, ...lost }, ...fields };
}

export function metadata(fields: Partial<InterfaceMetadata> = {}): InterfaceMetadata {
  return {
    validFromNs: 1_767_225_600_000_000_003n,
    removed: false,
    ifIndex: 2,
    netns: '',
    name: 'eth0',
    alias: 'uplink',
    kind: 'physical',
    parent: 0,
    master: 7,
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    speedBps: 1e10,
    adminUp: true,
    operUp: true,
    addresses: [
      { address: Buffer.from('00000000000000000000ffffc0000201', 'hex'), prefixBits: 24 },
      { address: Buffer.from('20010db8000000000000000000000001', 'hex'), prefixBits: 64 },
    ],
    ingressRate: 1000,
    egressRate: 0,
    ...fields,
  };
}

interface AvroField {
  name: string;
  type: unknown;
}

/** Every section with every field, of numbers that follow each other, by the schema. */
export function hostCounters(): HostCounters {
  const { fields } = countersCodec.schema as { fields: AvroField[] };
  const [host] = fields.filter(({ name }) => name === 'host') as [AvroField];
  const [, record] = host.type as [null, { fields: AvroField[] }];
  let next = 1;
  const sections = record.fields.map(({ name, type }) => {
    const [, section] = type as [null, { fields: AvroField[] }];
    return [name, Object.fromEntries(section.fields.map((field) => [field.name, next++]))];
  });
  const uuid = Buffer.from('4c4c4544005136108052b2c04f4e3432', 'hex');
  const description = { hostname: 'vm', uuid, machineType: 3, osName: 2, osRelease: '6.12.0' };
  return { ...(Object.fromEntries(sections) as unknown as HostCounters), description };
}

export function countersOf(fields: Partial<Counters> = {}): Counters {
  const timeNs = 1_767_225_600_000_000_001n;
  return { ...identity, sequence: 1, timeNs, interfaces: [], host: null, metadata: [], ...fields };
}

/** One reason and one drop: TCP SYN from 192.0.2.1:40000 to 198.51.100.2:443. */
export function dropsOf(fields: Partial<DropBatch> = {}): DropBatch {
  const ethernet = '020000000002020000000001' + '0800';
  const ip = '4500002800010000400600' + '00' + 'c0000201' + 'c6336402';
  const tcp = '9c4001bb' + '00000001' + '00000000' + '5002ffff' + '00000000';
  const counts = { buffers: 5, packets: 6, local: 1, selected: 4, overBound: 2, ringFull: 1 };
  const place = { netns: 4_026_531_840, ifIndex: 2, ifName: 'eth0', inputIfIndex: 3 };
  return {
    ...identity,
    batchSequence: 9,
    baseTimeNs: 1_767_225_600_000_000_000n,
    clockOffsetNs: 0n,
    clockUncertaintyNs: 100,
    missed: 3,
    reasons: [{ name: 'NO_SOCKET', number: 3, ...counts }],
    drops: [
      {
        reason: 0,
        timeOffsetNs: 7,
        samplingRate: 10,
        ...place,
        linkType: 'ethernet',
        etherType: 0x0800,
        segments: 1,
        bytes: 54,
        header: Buffer.from(ethernet + ip + tcp, 'hex'),
      },
    ],
    ...fields,
  };
}

/** A raw batch of one source. @param intervals of sequence numbers, each of one buffer: [first, count, time in ns] */
export function batchOf(
  intervals: readonly (readonly [first: number, count: number, timeOffsetNs?: number])[],
  fields: Partial<SampleBatch> = {},
  state: Partial<SampleBatch['sources'][number]> = {},
): SampleBatch {
  const counts = { packets: 0, buffers: 0, bytes: 0, ringFull: 0, copyFailed: 0, own: 0, ownSelected: 0, lostOnWay: 0 };
  const selected = Math.max(0, ...intervals.map(([first, count]) => first + count - 1));
  return {
    ...identity,
    batchSequence: 1,
    baseTimeNs: 1_767_225_600_000_000_000n,
    clockOffsetNs: 0n,
    clockUncertaintyNs: 100,
    sources: [
      { ifIndex: 2, ifName: 'eth0', direction: 'ingress', linkType: 'ethernet', selected, ...counts, ...state },
    ],
    samples: intervals.map(([sequence, sampleCount, timeOffsetNs = 0]) => ({
      source: 0,
      sequence,
      timeOffsetNs,
      samplingRate: 10,
      sampleCount,
      segments: sampleCount,
      wireBytes: 100 * sampleCount,
      etherType: 0x0800,
      inputIfIndex: 3,
      outputIfIndex: 4,
      header: Buffer.from('000102030405060708090a0b0800ff', 'hex'),
    })),
    ...fields,
  };
}

export function ledgerEntryOf(fields: Partial<LedgerEntry> = {}): LedgerEntry {
  const { agent, bootId } = identity;
  return {
    ...{ agent, bootId, stage: 'decode', minute: 1_767_225_600_000, in: 5, out: 3, waiting: 1, letters: 1 },
    lost: [{ cause: 'dead_letter:SCHEMA_BODY', samples: 2 }],
    ...{ batchSequence: 9, sourcePartition: 2, sourceOffset: 77, sinceMs: 1_767_225_600_001 },
    ...fields,
  };
}
