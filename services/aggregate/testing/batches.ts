// Decoded batches for tests: say what matters, the rest is an ordinary TCP packet of 192.0.2.1 → 198.51.100.2.

import type { DecodedBatch, DecodedSample } from '@tcxflow/schemas/generated.ts';

export function sample(fields: Partial<DecodedSample> = {}): DecodedSample {
  return {
    source: 0,
    sequence: 1,
    timeOffsetNs: 0,
    samplingRate: 1,
    sampleCount: 1,
    segments: 1,
    wireBytes: 100,
    ipBytes: 86,
    inputIfIndex: 0,
    outputIfIndex: 0,
    stop: 0,
    stopLayer: 13,
    srcMac: 0x0200_0000_00aa,
    dstMac: 0x0200_0000_00bb,
    vlanId: 0,
    innerVlanId: 0,
    etherType: 0x0800,
    srcAddress: Buffer.from('00000000000000000000ffffc0000201', 'hex'),
    dstAddress: Buffer.from('00000000000000000000ffffc6336402', 'hex'),
    protocol: 6,
    dscp: 0,
    ecn: 0,
    ttl: 64,
    flowLabel: 0,
    fragmentOffset: 0,
    moreFragments: false,
    srcPort: 40_000,
    dstPort: 443,
    tcpFlags: 0x10,
    icmpType: 0,
    icmpCode: 0,
    layers: 0,
    fields: 0,
    tcpWindow: 0,
    tcpMss: 0,
    mplsLabels: [],
    tunnel: null,
    application: null,
    srcNetwork: 0,
    dstNetwork: 0,
    srcAs: 0,
    dstAs: 0,
    srcCountry: 0,
    dstCountry: 0,
    ...fields,
  };
}

/** Nothing is known of it but its name. */
const source = { ifAlias: '', ifConnectivity: '', ifProvider: '', ifBoundary: '' };

export function batch(samples: DecodedSample[], fields: Partial<DecodedBatch> = {}): DecodedBatch {
  return {
    agent: 'host-1',
    agentAddress: Buffer.from('00000000000000000000ffffc0000207', 'hex'),
    bootId: Buffer.alloc(16, 2),
    batchSequence: 1,
    decoderVersion: 1,
    sourcePartition: 0,
    sourceOffset: 0,
    baseTimeNs: 0n,
    sources: [
      { ...source, ifIndex: 2, ifName: 'eth0', direction: 'ingress' },
      { ...source, ifIndex: 2, ifName: 'eth0', direction: 'egress' },
      { ...source, ifIndex: 3, ifName: 'eth1', direction: 'ingress' },
    ],
    samples,
    agentHostname: '',
    agentRole: '',
    agentSite: '',
    agentRegion: '',
    agentTenant: '',
    networks: [],
    autonomousSystems: [],
    ...fields,
  };
}
