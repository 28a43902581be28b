// A batch as capture makes it: 512 samples with 128 header bytes, of some hundred flows. Always the same bytes.

import { ethernet, ipv4, tcp, udp } from '@tcxflow/packet/testing/frames.ts';
import type { RawSample, SampleBatch } from '@tcxflow/schemas/generated.ts';

export const SAMPLES = 512;
export const FLOWS = 200;
const HEADER_BYTES = 128;

export function makeSampleBatch(): SampleBatch {
  const point = {
    packets: 1e6,
    buffers: 1e6,
    bytes: 1e9,
    selected: 1e3,
    ringFull: 0,
    copyFailed: 0,
    own: 0,
    ownSelected: 0,
    lostOnWay: 0,
  };
  const samples = Array.from({ length: SAMPLES }, (_, index): RawSample => {
    const header =
      index % 3 === 0 ? ethernet(0x0800, ipv4(17, udp(Buffer.alloc(400)))) : ethernet(0x0800, ipv4(6, tcp()));
    const flow = (index * 7) % FLOWS;
    header.writeUInt16BE(flow, 28); // the last two bytes of the IPv4 source address
    return {
      source: index % 2,
      sequence: index + 1,
      timeOffsetNs: index * 1000,
      samplingRate: 1000,
      sampleCount: 1,
      segments: 1,
      wireBytes: 1400,
      etherType: 0x0800,
      inputIfIndex: 0,
      outputIfIndex: 3,
      header: Buffer.concat([header, Buffer.alloc(HEADER_BYTES)]).subarray(0, HEADER_BYTES),
    };
  });
  return {
    agent: 'bench',
    agentAddress: Buffer.from('00000000000000000000ffffc0000201', 'hex'),
    bootId: Buffer.alloc(16, 1),
    batchSequence: 1,
    baseTimeNs: 1_800_000_000_000_000_000n,
    clockOffsetNs: 0n,
    clockUncertaintyNs: 100,
    sources: (['ingress', 'egress'] as const).map((direction) => ({
      ifIndex: 2,
      ifName: 'eth0',
      direction,
      linkType: 'ethernet',
      ...point,
    })),
    samples,
  };
}
