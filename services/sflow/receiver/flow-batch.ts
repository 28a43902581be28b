// Flow samples of one agent (and sub-agent) since its start → SampleBatch.
//
// An sFlow data source is an interface; a measuring point an interface and direction. A sample counts for the direction it
// went, and so do the numbers that are missing before it and what the pool grew by: the sums over both directions are the
// agent's own numbers, from the first sample that was seen on.

import type { RawSample, SourceState } from '@tcxflow/schemas/generated.ts';
import { isLocalInterface } from '../codec/constants.ts';
import type { DecodedFlowSample } from '../codec/decode-flow-sample.ts';
import { type Growing, grow, stepTo, TOTAL_MAX } from './numbers.ts';
import { type Packet, packetOf } from './packet-of.ts';

export interface FlowTally {
  taken: number;
  synthesized: number;
  lost: Map<string, number>;
}

export interface FlowBatch {
  sources: SourceState[];
  samples: RawSample[];
}

export interface FlowNumbers {
  add(sample: DecodedFlowSample, timeNs: bigint, tally: FlowTally): void;
  readonly count: number;
  /** @returns what has come since the last call; undefined: nothing */
  take(): (FlowBatch & { baseTimeNs: bigint }) | undefined;
}

interface DataSource {
  sequence: number;
  pool: Growing;
  drops: Growing;
  /** Of samples that could not be used, for the next that can. */
  waiting: { packets: number; selected: number; drops: number };
  points: Partial<Record<SourceState['direction'], SourceState>>;
}

const SOURCES_MAX = 65_536;
const INT_MAX = 0x7fffffff;
const ETHERNET_BYTES = 14;

export function createFlowNumbers(nameOf: (ifIndex: number) => string): FlowNumbers {
  const dataSources = new Map<string, DataSource>();
  let sources: SourceState[] = [];
  let samples: RawSample[] = [];
  let baseTimeNs = 0n;

  const lose = (tally: FlowTally, cause: string, count = 1) =>
    tally.lost.set(cause, (tally.lost.get(cause) ?? 0) + count);

  function sourceOf(sample: DecodedFlowSample): DataSource | undefined {
    const key = `${sample.sourceClass}:${sample.sourceIndex}`;
    let source = dataSources.get(key);
    if (!source && dataSources.size < SOURCES_MAX) {
      // The first sample stands for as many packets as its rate says.
      const pool = { last: (sample.samplePool - sample.samplingRate) >>> 0, total: 0 };
      const drops = { last: sample.drops, total: 0 };
      const waiting = { packets: 0, selected: 0, drops: 0 };
      source = { sequence: (sample.sequence - 1) >>> 0, pool, drops, waiting, points: {} };
      dataSources.set(key, source);
    }
    return source;
  }

  function pointOf(source: DataSource, direction: SourceState['direction'], ifIndex: number, packet: Packet) {
    const { linkType } = packet;
    let point = source.points[direction];
    if (!point) {
      const zero = {
        packets: 0,
        buffers: 0,
        bytes: 0,
        selected: 0,
        ringFull: 0,
        copyFailed: 0,
        own: 0,
        ownSelected: 0,
      };
      point = { ifIndex, ifName: nameOf(ifIndex), direction, linkType, ...zero };
      source.points[direction] = point;
    }
    return point;
  }

  /** Takes the sample's numbers: what it stands for, and what is missing before it. */
  function follow(source: DataSource, sample: DecodedFlowSample, gap: number, restarted: boolean, tally: FlowTally) {
    source.sequence = sample.sequence;
    if (restarted) {
      source.pool.last = (sample.samplePool - sample.samplingRate) >>> 0;
      source.drops.last = sample.drops;
    }
    const { pool, drops, waiting } = source;
    const before = { packets: pool.total, drops: drops.total };
    waiting.packets += grow(pool, sample.samplePool) - before.packets;
    const dropped = grow(drops, sample.drops) - before.drops;
    waiting.drops += dropped;
    // Agents that number what they choose have dropped samples in the gap, others beside it.
    waiting.selected += Math.max(gap, dropped) + 1;
    if (gap > dropped) lose(tally, 'sequence_gap', gap - dropped);
  }

  /** @returns why it could not be used; undefined: it was */
  function take(sample: DecodedFlowSample, timeNs: bigint, tally: FlowTally): string | undefined {
    if (sample.samplingRate === 0 || sample.samplingRate > INT_MAX) return 'no_rate';
    const source = sourceOf(sample);
    if (!source) return 'too_many_sources';
    const step = stepTo(source.sequence, sample.sequence);
    if (step.kind === 'late' || step.kind === 'repeated') return step.kind;
    follow(source, sample, step.kind === 'next' ? step.lost : 0, step.kind === 'restarted', tally);
    const ifIndex = sample.sourceClass === 0 && sample.sourceIndex <= INT_MAX ? sample.sourceIndex : 0;
    const input = interfaceOf(sample.inputFormat, sample.input);
    const output = interfaceOf(sample.outputFormat, sample.output);
    const direction = input !== ifIndex && output === ifIndex ? 'egress' : 'ingress';
    const packet = packetOf(sample.records);
    if (!packet) return 'unsupported_header';
    const point = pointOf(source, direction, ifIndex, packet);
    const { waiting } = source;
    point.packets += waiting.packets;
    point.buffers += waiting.packets;
    point.ringFull += waiting.drops;
    point.selected += waiting.selected;
    source.waiting = { packets: 0, selected: 0, drops: 0 };
    asLinkOf(point, packet);
    point.bytes = Math.min(TOTAL_MAX, point.bytes + packet.wireBytes * sample.samplingRate);
    if (samples.length === 0) baseTimeNs = timeNs;
    samples.push({
      source: indexOf(point),
      sequence: point.selected,
      timeOffsetNs: Number(timeNs - baseTimeNs),
      samplingRate: sample.samplingRate,
      ...{ sampleCount: 1, segments: 1, wireBytes: packet.wireBytes, etherType: packet.etherType },
      inputIfIndex: direction === 'egress' ? input : 0,
      outputIfIndex: direction === 'ingress' ? output : 0,
      header: packet.header,
    });
    tally.taken++;
    if (packet.synthesized) tally.synthesized++;
    return undefined;
  }

  function indexOf(point: SourceState): number {
    const index = sources.indexOf(point);
    return index >= 0 ? index : sources.push(point) - 1;
  }

  return {
    add(sample, timeNs, tally) {
      const cause = take(sample, timeNs, tally);
      if (cause) lose(tally, cause);
    },
    get count() {
      return samples.length;
    },
    take() {
      if (samples.length === 0) return undefined;
      const batch = { sources: sources.map((state) => ({ ...state })), samples, baseTimeNs };
      sources = [];
      samples = [];
      return batch;
    },
  };
}

/** 0: unknown, the device itself, several, or none. */
function interfaceOf(format: number, value: number): number {
  return format === 0 && !isLocalInterface(format, value) && value <= INT_MAX ? value : 0;
}

/** A point has one link type. Where a switch sends both kinds, packets without Ethernet get a header of zeros. */
function asLinkOf(point: SourceState, packet: Packet): void {
  if (point.linkType === packet.linkType) return;
  if (point.linkType === 'ethernet') {
    const ethernet = Buffer.alloc(ETHERNET_BYTES);
    ethernet.writeUInt16BE(packet.etherType, 12);
    packet.header = Buffer.concat([ethernet, packet.header]);
  } else packet.header = packet.header.subarray(ETHERNET_BYTES);
  packet.wireBytes = Math.max(0, packet.wireBytes + (point.linkType === 'ethernet' ? ETHERNET_BYTES : -ETHERNET_BYTES));
}
