// Batches with everything that a sample can have, from pools small enough for flows of several samples.

import type { Random } from '@tcxflow/common/testing/random.ts';
import type { DecodedBatch, DecodedSample } from '@tcxflow/schemas/generated.ts';
import { batch, sample } from './batches.ts';

const ADDRESSES = [1, 2, 3, 0xff].map((byte) => Buffer.alloc(16, byte));
const COUNTRIES = [0, 0x4445, 0x4652];

/** @param number also its source offset */
export function randomBatch(random: Random, number: number, baseTimeNs: bigint): DecodedBatch {
  const samples = Array.from({ length: random.below(200) }, () => randomSample(random));
  const name = random.pick(['', 'wan', 'süd']);
  return batch(samples, {
    agent: random.pick(['host-1', 'höst-2']),
    decoderVersion: random.pick([1, 2]),
    sourceOffset: number,
    baseTimeNs,
    sources: (['ingress', 'egress'] as const).map((direction) => ({
      ifIndex: random.pick([2, 70_000]),
      ifName: 'eth0',
      direction,
      ifAlias: name,
      ifConnectivity: 'x',
      ifProvider: 'y',
      ifBoundary: random.pick(['', 'external']),
    })),
    agentHostname: 'h',
    agentRole: random.pick(['', 'edge']),
    agentSite: name,
    networks: ['büro', '', 'lab'].map((network) => ({ name: network, role: 'r', site: 's', tenant: 't' })),
    autonomousSystems: [64_500, 4_200_000_000].map((system) => ({ number: system, organisation: 'o' })),
  });
}

function randomSample(random: Random): DecodedSample {
  const segments = random.pick([1, 1, 1, 3]);
  return sample({
    source: random.below(2),
    sequence: random.below(2 ** 31),
    timeOffsetNs: random.below(2_000_000_000) * random.pick([1, 1, -1, 60]),
    samplingRate: random.pick([1, 10, 1000]),
    sampleCount: 1 + random.below(segments),
    segments,
    wireBytes: segments * 60 + random.below(1400 * segments),
    ipBytes: random.below(1400),
    inputIfIndex: random.pick([0, 9]),
    outputIfIndex: random.pick([0, 70_001]),
    stop: random.pick([0, 0, 0, 3]),
    srcMac: random.below(2 ** 31) * 2 ** 10,
    vlanId: random.pick([0, 0, 4095]),
    innerVlanId: random.pick([0, 0, 100]),
    etherType: random.pick([0x0800, 0x86dd]),
    srcAddress: random.pick(ADDRESSES),
    dstAddress: random.pick(ADDRESSES),
    protocol: random.pick([6, 17, 1, 58]),
    dscp: random.pick([0, 46]),
    ttl: 1 + random.below(255),
    flowLabel: random.below(2 ** 20),
    fragmentOffset: random.below(65_536),
    moreFragments: random.chance(50),
    srcPort: random.pick([1, 65_535]),
    dstPort: random.pick([53, 443]),
    tcpFlags: random.below(512),
    icmpType: random.pick([0, 8, 255]),
    icmpCode: random.pick([0, 255]),
    layers: random.below(2 ** 31) * 2 ** 20,
    mplsLabels: random.pick([[], [], [16, 1_048_575]]),
    tunnel: random.chance(70) ? null : randomTunnel(random),
    application: random.chance(70)
      ? null
      : { kind: 1, name: 'ä'.repeat(random.below(90)), alpn: 'h2', version: 2 ** 40, type: 1, code: -1 },
    srcNetwork: random.below(5),
    dstNetwork: random.below(4),
    srcAs: random.below(4),
    dstAs: random.below(3),
    srcCountry: random.pick(COUNTRIES),
    dstCountry: random.pick(COUNTRIES),
  });
}

function randomTunnel(random: Random): NonNullable<DecodedSample['tunnel']> {
  return {
    depth: 1 + random.below(2),
    kind: random.pick([1, 4]),
    id: random.pick([0, 4096, 2 ** 32 - 1, 2 ** 40 + 5]),
    outerSrcAddress: random.pick(ADDRESSES),
    outerDstAddress: random.pick(ADDRESSES),
    outerProtocol: random.pick([4, 17, 47]),
    outerDscp: random.below(64),
    outerTtl: random.below(256),
    outerSrcPort: random.below(65_536),
    outerDstPort: random.pick([4789, 0]),
    innerSrcMac: random.below(2 ** 31) * 2 ** 10,
    innerDstMac: random.below(2 ** 31),
  };
}
