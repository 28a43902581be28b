// An hour of traffic so small that every answer about it can be worked out by hand. All is sampled 1:1000, all samples of a
// flow are equally long, so that bytes = samples * 1000 * length.

import type { Counters, DropBatch, Flow, LedgerEntry, SampleBatch } from '@tcxflow/schemas/generated.ts';
import {
  countersCodec,
  dropBatchCodec,
  flowCodec,
  ledgerEntryCodec,
  sampleBatchCodec,
  topicNames,
} from '@tcxflow/schemas/topics.ts';
import {
  batchOf,
  countersOf,
  dropsOf,
  hostCounters,
  interfaceCounters,
  ledgerEntryOf,
  metadata,
} from '@tcxflow/writer/testing/messages.ts';
import { makeFlows, mapped, noAddress } from './flows.ts';
import { kafkaMessages, type Store } from './store.ts';

const RATE = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const v6 = (last: number) => Buffer.from(`20010db80000000000000000000000${String(last).padStart(2, '0')}`, 'hex');

/** Nothing of a generated flow but its shape. */
const plain = {
  agent: 'a1',
  ifIndex: 2,
  ifName: 'eth0',
  inputIfIndex: 2,
  outputIfIndex: 0,
  direction: 'ingress',
  tcpFlags: 0x18,
  protocol: 6,
  srcAs: 0,
  dstAs: 0,
  srcCountry: '',
  dstCountry: '',
  srcNetwork: '',
  dstNetwork: '',
  agentSite: 'zurich',
  late: false,
} satisfies Partial<Flow>;

function flow(minuteMs: number, samples: number, length: number, fields: Partial<Flow>): Flow {
  const [shape] = makeFlows(1, minuteMs) as [Flow];
  const packets = samples * RATE;
  return {
    ...shape,
    ...plain,
    samples,
    packets,
    bytes: packets * length,
    ipBytes: packets * (length - 14),
    packetsVariance: packets * (RATE - 1),
    bytesVariance: packets * (RATE - 1) * length ** 2,
    ...fields,
  };
}

export function knownFlows(hour: number): Flow[] {
  const at = (minute: number) => hour + minute * MINUTE_MS;
  const client = mapped(10, 0, 0, 1);
  const server = mapped(198, 51, 100, 10);
  const there = { srcAddress: client, dstAddress: server, srcPort: 40_000, dstPort: 443, outputIfIndex: 3 };
  const back = { srcAddress: server, dstAddress: client, srcPort: 443, dstPort: 40_000, direction: 'egress' } as const;
  const ours = { srcAs: 64_500, dstAs: 64_496, srcCountry: 'CH', dstCountry: 'US', srcNetwork: 'office' };
  const theirs = { srcAs: 64_496, dstAs: 64_500, srcCountry: 'US', dstCountry: 'CH', dstNetwork: 'office' };
  const dns = { srcAddress: mapped(10, 0, 0, 2), dstAddress: mapped(203, 0, 113, 5), srcPort: 41_000, dstPort: 53 };
  const tunnel = { tunnelKind: 4, tunnelId: 5001, vlanId: 100, dscp: 46, dstPort: 5432, srcPort: 42_000 };
  const outer = { outerSrcAddress: mapped(172, 16, 0, 1), outerDstAddress: mapped(172, 16, 0, 2) };
  const inner = { srcAddress: mapped(10, 9, 0, 1), dstAddress: mapped(10, 9, 0, 2) };
  const syn = { tcpFlags: 2, srcPort: 50_000 };
  const lldp = { etherType: 0x88cc, protocol: 0, srcPort: 0, dstPort: 0, srcAddress: noAddress, dstAddress: noAddress };
  return [
    flow(at(0) - 3 * DAY_MS, 1, 1000, { ...there, ...ours }),
    flow(at(0), 10, 1000, { ...there, ...ours }),
    flow(at(0), 1, 1000, { ...there, ...ours, late: true }),
    flow(at(0), 20, 1500, { ...back, ...theirs }),
    flow(at(5), 1, 80, { ...dns, protocol: 17, tcpFlags: 0 }),
    ...Array.from({ length: 30 }, (_, index) =>
      flow(at(10), 1, 60, {
        ...syn,
        srcAddress: mapped(10, 0, 0, 66),
        dstAddress: mapped(198, 51, 100, 20),
        dstPort: 1 + index,
      }),
    ),
    ...Array.from({ length: 40 }, (_, index) =>
      flow(at(20), 1, 60, {
        ...syn,
        srcAddress: mapped(10, 0, 0, 77),
        dstAddress: mapped(192, 0, 2, 1 + index),
        dstPort: 22,
      }),
    ),
    flow(at(25), 2, 100, {
      ...{ srcAddress: v6(1), dstAddress: v6(2), protocol: 58, etherType: 0x86dd, srcPort: 0, dstPort: 128 * 256 },
      tcpFlags: 0,
    }),
    flow(at(30), 2, 1000, { ...tunnel, ...outer, ...inner }),
    flow(at(35), 1, 200, { ...lldp, stop: 3, tcpFlags: 0 }),
    flow(at(40), 5, 500, { ...there, srcAddress: mapped(10, 0, 1, 1), agent: 'a2', ifBoundary: 'internal' }),
  ];
}

/** Three readings of a1's eth0, half an hour apart; eth1 is sampled and had nothing. */
export function knownCounters(hour: number): Counters[] {
  const ns = (ms: number) => BigInt(ms) * 1_000_000n;
  return [0, 30, 59].map((minute, index) => {
    const host = hostCounters();
    const cpu = { userMs: 1000 * index, niceMs: 0, systemMs: 0, idleMs: 3000 * index, stealMs: 0, loadOne: index };
    const none = { wioMs: null, intrMs: null, sintrMs: null };
    const traffic = {
      inOctets: 20e6 * index,
      inPackets: 45_000 * index,
      outOctets: 30e6 * index,
      outPackets: 10_000 * index,
    };
    const lost = { inDiscards: 3 * index, outDiscards: 0, inErrors: 0, outErrors: index };
    return countersOf({
      agent: 'a1',
      timeNs: ns(hour + minute * MINUTE_MS),
      interfaces: [interfaceCounters({ ifSpeed: 1e6, ...traffic, ...lost })],
      host: {
        ...host,
        cpu: { ...(host.cpu as NonNullable<typeof host.cpu>), ...cpu, ...none },
        memory: {
          ...(host.memory as NonNullable<typeof host.memory>),
          ...{ totalBytes: 1000, freeBytes: 500, buffersBytes: 100, cachedBytes: 150 },
        },
        tcp: {
          ...(host.tcp as NonNullable<typeof host.tcp>),
          ...{ outSegs: 1000 * index, retransSegs: 20 * index, outRsts: 3 * index, attemptFails: index },
        },
      },
      metadata:
        index > 0
          ? []
          : [
              metadata({ validFromNs: ns(hour), egressRate: 1000 }),
              metadata({ validFromNs: ns(hour), ifIndex: 3, name: 'eth1', alias: '', ingressRate: 100, addresses: [] }),
            ],
    });
  });
}

export function knownDrops(hour: number): DropBatch[] {
  return [0, 59].map((minute, index) => {
    const batch = dropsOf({ agent: 'a1', baseTimeNs: BigInt(hour + minute * MINUTE_MS) * 1_000_000n });
    const [reason] = batch.reasons as [DropBatch['reasons'][0]];
    return {
      ...batch,
      batchSequence: 1 + index,
      reasons: [{ ...reason, packets: 100 + 40 * index, buffers: 50 + 20 * index }],
    };
  });
}

interface Sent<T> {
  value: T;
  sentMs: number;
}

/**
 * Raw batches of the same samples, each sent 200 ms after its first. Before those of minute 10 four numbers are missing, of which
 * the kernel tells three; minute 36 has five samples in a message that became a dead letter; at the end a1 says that it lives.
 */
function knownBatches(hour: number): Sent<SampleBatch>[] {
  let next = 1;
  const a1 = [
    [0, 31],
    [5, 1],
    [10, 30],
    [20, 40],
    [25, 2],
    [30, 2],
    [35, 1],
    [36, 5],
    [59, 0],
  ] as const;
  const batches = [...a1.map((each) => ['a1', ...each] as const), ['a2', 40, 5] as const];
  return batches.map(([agent, minute, count], index) => {
    if (agent === 'a2') next = 1;
    if (minute === 10) next += 4;
    const ms = hour + minute * MINUTE_MS;
    const first = next;
    next += count;
    const value = batchOf(
      count > 0 ? [[first, count]] : [],
      { agent, batchSequence: 1 + index, baseTimeNs: BigInt(ms) * 1_000_000n },
      { selected: next - 1, ringFull: agent === 'a1' && minute >= 10 ? 3 : 0 },
    );
    return { value, sentMs: ms + 200 };
  });
}

/** Decode took 50 ms and for each batch 10 ms more, aggregate 12 s from the end of the minute on. */
function knownEntries(hour: number): Sent<LedgerEntry>[] {
  return knownBatches(hour).flatMap(({ value, sentMs }, sourceOffset) => {
    const { agent, batchSequence, samples } = value;
    const count = samples[0]?.sampleCount ?? 0;
    if (count === 0) return [];
    const minute = sentMs - 200;
    const all = { agent, minute, batchSequence, in: count, out: count, waiting: 0, lost: [], letters: 0 };
    const decoded = ledgerEntryOf({ ...all, sourcePartition: 0, sourceOffset, sinceMs: sentMs });
    const decodedMs = sentMs + 50 + 10 * sourceOffset;
    if (minute === hour + 36 * MINUTE_MS) {
      const lost = [{ cause: 'dead_letter:SCHEMA_BODY', samples: count }];
      return [{ value: { ...decoded, out: 0, lost, letters: 1 }, sentMs: decodedMs }];
    }
    const untilMs = minute + MINUTE_MS;
    const emitted = { ...all, stage: 'aggregate', sourcePartition: -1, sourceOffset: -1, sinceMs: untilMs };
    return [
      { value: decoded, sentMs: decodedMs },
      { value: ledgerEntryOf(emitted), sentMs: untilMs + 12_000 },
    ];
  });
}

function timedMessages<T>(sent: readonly Sent<T>[], encode: (value: T) => Buffer) {
  const messages = kafkaMessages(
    0,
    sent.map(({ value }) => encode(value)),
  );
  return messages.map((message, index) => ({ ...message, timestamp: String(sent[index]?.sentMs) }));
}

/** All of it through the writer. @param hour its first millisecond */
export async function writeKnownTraffic(store: Pick<Store, 'write' | 'process'>, hour: number): Promise<void> {
  const { flows, counters, drops } = topicNames;
  await store.write(
    flows,
    0,
    knownFlows(hour).map((each) => flowCodec.encode(each)),
  );
  await store.write(
    counters,
    0,
    knownCounters(hour).map((each) => countersCodec.encode(each)),
  );
  await store.write(
    drops,
    0,
    knownDrops(hour).map((each) => dropBatchCodec.encode(each)),
  );
  await store.process(topicNames.rawSamples, timedMessages(knownBatches(hour), sampleBatchCodec.encode));
  await store.process(topicNames.ledger, timedMessages(knownEntries(hour), ledgerEntryCodec.encode));
}
