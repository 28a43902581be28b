// Sample batches as several hosts would send them, and what is in them. Each host has two interfaces, sampled both ways at
// rates that differ and change; some of its buffers are of many segments. Its start anew is a new boot id and numbers from 1.

import { noCounts } from '@tcxflow/common/testing/no-counts.ts';
import type { Random } from '@tcxflow/common/testing/random.ts';
import { ethernet, ipv4, ipv6, tcp, udpTo } from '@tcxflow/packet/testing/frames.ts';
import type { RawSample, SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { mapped } from '../support/flows.ts';
import type { Truth } from './truth.ts';

const FLOWS = 30;
const RATES = [1, 10, 100, 1000] as const;
const MINUTE_MS = 60_000;
const NS_PER_MS = 1_000_000;
const IPV4_ADDRESSES_AT = 26;
const IPV6_ADDRESSES_AT = 22;

export interface TrafficFlow {
  protocol: number;
  src: Buffer;
  dst: Buffer;
  srcPort: number;
  dstPort: number;
  /** The first bytes of its packets. */
  header: Buffer;
}

/** The same flows at every host: which of them counted is part of the key. */
export function makeTrafficFlows(random: Random): TrafficFlow[] {
  return Array.from({ length: FLOWS }, (_, index) => {
    const isTcp = random.chance(70);
    const srcPort = 1024 + random.below(60_000);
    const dstPort = random.pick([443, 53, 8080, 22]);
    const transport = isTcp ? tcp() : udpTo(dstPort, Buffer.alloc(32), srcPort);
    if (isTcp) {
      transport.writeUInt16BE(srcPort, 0);
      transport.writeUInt16BE(dstPort, 2);
    }
    const protocol = isTcp ? 6 : 17;
    const isIpv6 = random.chance(30);
    const [src, dst] = isIpv6
      ? [`20010db80001${'0'.repeat(16)}`, `20010db80002${'0'.repeat(16)}`].map((prefix) =>
          Buffer.from(prefix + index.toString(16).padStart(4, '0'), 'hex'),
        )
      : [mapped(10, 0, index >> 2, index), mapped(198, 51, 100, index & 7)];
    const header = isIpv6 ? ethernet(0x86dd, ipv6(protocol, transport)) : ethernet(0x0800, ipv4(protocol, transport));
    const addresses = [src as Buffer, dst as Buffer].map((address) => (isIpv6 ? address : address.subarray(12)));
    Buffer.concat(addresses).copy(header, isIpv6 ? IPV6_ADDRESSES_AT : IPV4_ADDRESSES_AT);
    return { protocol, src: src as Buffer, dst: dst as Buffer, srcPort, dstPort, header };
  });
}

export interface Host {
  readonly agent: string;
  /** A batch with samples of this time, counted in the truth. */
  next(fromMs: number, untilMs: number): { message: Buffer; samples: number };
  /** Its agent starts anew. */
  restart(): void;
  /** Where its numbers are: one entry for each start and measuring point. */
  numbers(): { bootId: string; ifIndex: number; direction: string; last: number }[];
}

interface Point {
  state: SourceState;
  rate: number;
}

function makePoints(random: Random): Point[] {
  return [2, 3].flatMap((ifIndex) =>
    (['ingress', 'egress'] as const).map((direction) => ({
      state: { ifIndex, ifName: `eth${ifIndex - 2}`, direction, linkType: 'ethernet' as const, ...noCounts },
      rate: random.pick(RATES),
    })),
  );
}

export interface HostOptions {
  number: number;
  flows: readonly TrafficFlow[];
  samplesMax: number;
  random: Random;
  truth: Truth;
}

export function createHost({ number, flows, samplesMax, random, truth }: HostOptions): Host {
  const agent = `host-${number}`;
  const starts: { bootId: Buffer; points: Point[] }[] = [];
  let batchSequence = 0;

  function restart(): void {
    starts.push({ bootId: random.bytes(16), points: makePoints(random) });
    batchSequence = 0;
  }
  restart();

  function sample(source: number, { state, rate }: Point, timeMs: number, baseMs: number): RawSample {
    const flow = random.pick(flows);
    const segments = random.chance(10) ? 2 + random.below(20) : 1;
    const sampleCount = segments > 1 ? 1 + random.below(Math.min(segments, 3)) : 1;
    const frameBytes = 100 + random.below(1400);
    const wireBytes = frameBytes * segments;
    const sequence = state.selected + 1;
    state.selected += sampleCount;
    state.packets += rate * sampleCount;
    state.buffers += rate;
    state.bytes += rate * sampleCount * frameBytes;
    truth.add(
      {
        minute: Math.floor(timeMs / MINUTE_MS) * MINUTE_MS,
        agent,
        ifIndex: state.ifIndex,
        direction: state.direction,
        protocol: flow.protocol,
        src: flow.src.toString('hex'),
        dst: flow.dst.toString('hex'),
        srcPort: flow.srcPort,
        dstPort: flow.dstPort,
      },
      { samples: sampleCount, packets: rate * sampleCount, bytes: rate * sampleCount * frameBytes },
    );
    return {
      source,
      sequence,
      timeOffsetNs: (timeMs - baseMs) * NS_PER_MS,
      samplingRate: rate,
      sampleCount,
      segments,
      wireBytes,
      etherType: 0,
      inputIfIndex: 0,
      outputIfIndex: 0,
      header: flow.header,
    };
  }

  return {
    agent,
    restart,
    next(fromMs, untilMs) {
      const { bootId, points } = starts.at(-1) as (typeof starts)[number];
      const before = points.map(({ state }) => state.selected);
      if (random.chance(2)) random.pick(points).rate = random.pick(RATES);
      const count = 1 + random.below(samplesMax);
      const samples = Array.from({ length: count }, (_, index) => {
        const source = random.below(points.length);
        const timeMs = fromMs + Math.floor(((untilMs - fromMs) * index) / count);
        return sample(source, points[source] as Point, timeMs, fromMs);
      });
      const batch: SampleBatch = {
        agent,
        agentAddress: mapped(192, 0, 2, number),
        bootId,
        batchSequence: ++batchSequence,
        baseTimeNs: BigInt(fromMs) * BigInt(NS_PER_MS),
        clockOffsetNs: 0n,
        clockUncertaintyNs: 100,
        sources: points.map(({ state }) => ({ ...state })),
        samples,
      };
      const chosen = points.reduce((sum, { state }, index) => sum + state.selected - (before[index] as number), 0);
      return { message: sampleBatchCodec.encode(batch), samples: chosen };
    },
    numbers: () =>
      starts.flatMap(({ bootId, points }) =>
        points.map(({ state: { ifIndex, direction, selected } }) => ({
          bootId: bootId.toString('hex'),
          ifIndex,
          direction,
          last: selected,
        })),
      ),
  };
}
