import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodedBatch, DecodedSample, Flow, TunnelHeader } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, flowCodec } from '@tcxflow/schemas/topics.ts';
import { batch, sample } from './testing/batches.ts';
import { messagesOf } from './testing/flows.ts';
import { addBatch, createWindowSet } from './windows.ts';

/** The only flow of some batches of one sample each. */
function flowsOf(...samples: [fields: Partial<DecodedSample>, ofBatch?: Partial<DecodedBatch>][]) {
  const set = createWindowSet();
  for (const [offset, [fields, ofBatch]] of samples.entries()) {
    const message = decodedBatchCodec.encode(batch([sample(fields)], { ...ofBatch, sourceOffset: offset }));
    addBatch(set, message, offset, 60_000, () => true);
  }
  return [...set.windows.values()].flatMap((window) => messagesOf(window));
}

function keyOf(fields: Partial<DecodedSample>, ofBatch: Partial<DecodedBatch> = {}): string {
  return flowsOf([fields, ofBatch])[0]?.key.toString('hex') ?? '';
}

function flowOf(fields: Partial<DecodedSample>): Flow {
  return flowCodec.decode(flowsOf([fields])[0]?.value as Buffer);
}

const other = Buffer.from('20010db8000000000000000000000001', 'hex');
const tunnel: TunnelHeader = {
  depth: 1,
  kind: 3,
  id: 77,
  outerSrcAddress: other,
  outerDstAddress: Buffer.alloc(16, 1),
  outerProtocol: 17,
  outerDscp: 0,
  outerTtl: 64,
  outerSrcPort: 50_000,
  outerDstPort: 4789,
  innerSrcMac: 1,
  innerDstMac: 2,
};

const identities: [fields: Partial<DecodedSample>, ofBatch?: Partial<DecodedBatch>][] = [
  [{}],
  [{ source: 1 }], // the other direction
  [{ source: 2 }], // another interface
  [{ inputIfIndex: 9 }],
  [{ outputIfIndex: 9 }],
  [{ vlanId: 9 }],
  [{ innerVlanId: 9 }],
  [{ etherType: 0x86dd }],
  [{ srcAddress: other }],
  [{ dstAddress: other }],
  [{ protocol: 17 }],
  [{ srcPort: 9 }],
  [{ dstPort: 9 }],
  [{ dscp: 9 }],
  [{ stop: 1 }],
  [{}, { agent: 'host-2' }],
  [{}, { agent: 'höst-1' }],
  [{ tunnel }],
  [{ tunnel: { ...tunnel, kind: 4 } }],
  [{ tunnel: { ...tunnel, id: 78 } }],
  [{ tunnel: { ...tunnel, id: 77 + 2 ** 32 } }],
  [{ tunnel: { ...tunnel, outerSrcAddress: tunnel.outerDstAddress } }],
  [{ tunnel: { ...tunnel, outerDstAddress: other } }],
];

/** What only measures or describes a packet. */
const descriptions: [fields: Partial<DecodedSample>, ofBatch?: Partial<DecodedBatch>][] = [
  [{ sequence: 7, timeOffsetNs: 1e9, samplingRate: 512, sampleCount: 3, segments: 3, wireBytes: 1, ipBytes: 0 }],
  [{ stopLayer: 1, srcMac: 1, dstMac: 2, ecn: 3, ttl: 1, flowLabel: 7, tcpFlags: 2 }],
  [{ fragmentOffset: 1480, moreFragments: true, icmpType: 3, icmpCode: 1 }],
  [{ layers: 2 ** 40, fields: 7, tcpWindow: 9, tcpMss: 1460, mplsLabels: [5, 6] }],
  [{ application: { kind: 1, name: 'example.org', alpn: '', version: 0, type: 1, code: -1 } }],
  [{ srcNetwork: 1, dstNetwork: 1, srcAs: 1, dstAs: 1, srcCountry: 0x4445, dstCountry: 0x4652 }],
  [{}, { bootId: Buffer.alloc(16, 9), decoderVersion: 2, agentSite: 'there', batchSequence: 9 }],
];

test('each field of the identity makes a flow and a key of its own', () => {
  assert.equal(flowsOf(...identities).length, identities.length);
  assert.equal(new Set(identities.map(([fields, ofBatch]) => keyOf(fields, ofBatch))).size, identities.length);
});

test('what only measures or describes a packet is not part of the identity', () => {
  assert.equal(flowsOf([{}], ...descriptions).length, 1);
  for (const [fields, ofBatch] of descriptions) assert.equal(keyOf(fields, ofBatch), keyOf({}));
  const outer = { outerProtocol: 6, outerDscp: 9, outerTtl: 1, outerSrcPort: 1, outerDstPort: 1, innerSrcMac: 9 };
  assert.equal(flowsOf([{ tunnel }], [{ tunnel: { ...tunnel, ...outer, depth: 2 } }]).length, 1);
});

test('the two directions of a conversation are two flows', () => {
  const there = sample();
  const back = { srcAddress: there.dstAddress, dstAddress: there.srcAddress, srcPort: 443, dstPort: 40_000 };
  assert.notEqual(keyOf(back), keyOf({}));
});

test('ICMP and ICMPv6 have type and code in the destination port, as IPFIX icmpTypeCode', () => {
  assert.equal(flowOf({ protocol: 1, icmpType: 3, icmpCode: 1 }).dstPort, 769);
  assert.equal(flowOf({ protocol: 58, icmpType: 255, icmpCode: 255 }).dstPort, 65_535);
  assert.equal(flowOf({ protocol: 17, dstPort: 53, icmpType: 3 }).dstPort, 53);
  assert.notEqual(keyOf({ protocol: 1, icmpType: 8 }), keyOf({ protocol: 1, icmpType: 0 }));
});

test('the Kafka key is the identity as bytes, and the agent behind it', () => {
  assert.equal(
    keyOf({ inputIfIndex: 7, vlanId: 100, dscp: 46, stop: 1 }),
    '000000020000000700000000' +
      '00000000000000000000ffffc0000201' +
      '00000000000000000000ffffc6336402' +
      '006400000800' +
      '9c4001bb' +
      '00062e01' +
      Buffer.from('host-1').toString('hex'),
  );
  assert.match(keyOf({ tunnel }), /^.{108}0006008000000003000000000000004d20010db8/);
});
