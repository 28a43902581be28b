// An agent whose samples are all known, batch after batch as capture writes them.

import { parseAddress } from '@tcxflow/packet/address.ts';
import { ethernet, ipv4, udp } from '@tcxflow/packet/testing/frames.ts';
import type { RawSample, SourceState } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';

export interface RawAgentOptions {
  name: string;
  address: string;
  rate?: number;
  /** Numbers that each direction (incoming, outgoing) gave out before; the pool goes with them. */
  selectedBefore?: readonly [number, number];
  /** Batches that it sent before. */
  batchesBefore?: number;
}

export interface RawAgent extends Required<Pick<RawAgentOptions, 'name' | 'address' | 'rate'>> {
  /** Of each sample so far: the source address in its header. */
  readonly addresses: readonly string[];
  /** @returns a SampleBatch message with so many samples of now */
  batch(samples: number): Buffer;
}

const WIRE_BYTES = 1000;
/** Behind Ethernet's header, and what comes before it in IPv4's. */
export const SOURCE_ADDRESS_AT = 14 + 12;
const frame = ethernet(0x0800, ipv4(17, udp(Buffer.alloc(30))));

export function createRawAgent(options: RawAgentOptions): RawAgent {
  const { name, address, rate = 100, selectedBefore = [0, 0], batchesBefore: batchSequence = 0 } = options;
  const identity = { agent: name, agentAddress: parseAddress(address) as Buffer, bootId: Buffer.alloc(16, name) };
  const points = (['ingress', 'egress'] as const).map((direction, index) => ({
    direction,
    selected: selectedBefore[index] as number,
  }));
  const addresses: string[] = [];
  let batches = batchSequence;

  function sample(source: number, sequence: number, index: number): RawSample {
    const number = addresses.length;
    const header = Buffer.from(frame);
    header.writeUInt32BE(0x0a00_0000 + number, SOURCE_ADDRESS_AT);
    addresses.push(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
    return {
      ...{ source, sequence, timeOffsetNs: index * 1000, samplingRate: rate, sampleCount: 1, segments: 1 },
      ...{ wireBytes: WIRE_BYTES, etherType: 0x0800, inputIfIndex: 0, outputIfIndex: 0, header },
    };
  }

  return {
    name,
    address,
    rate,
    addresses,
    batch(count) {
      // Of one direction, of the other, of both: a batch tells of those that it has samples of.
      const those = [points.slice(0, 1), points.slice(1), points][batches % 3] as typeof points;
      const samples = Array.from({ length: count }, (_, index) => {
        const source = index % those.length;
        return sample(source, ++(those[source] as (typeof points)[0]).selected, index);
      });
      const zero = { ringFull: 0, copyFailed: 0, own: 0, ownSelected: 0, lostOnWay: 0, linkType: 'ethernet' as const };
      const sources = those.map((point): SourceState => {
        const packets = point.selected * rate;
        return {
          ifIndex: 2,
          ifName: 'eth0',
          ...point,
          packets,
          buffers: packets,
          bytes: packets * WIRE_BYTES,
          ...zero,
        };
      });
      return sampleBatchCodec.encode({
        ...{ ...identity, batchSequence: ++batches, baseTimeNs: BigInt(Date.now()) * 1_000_000n },
        ...{ clockOffsetNs: 0n, clockUncertaintyNs: 0, sources, samples },
      });
    },
  };
}
