import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodedBatch, DecodedSample } from '@tcxflow/schemas/generated.ts';
import { destinationPort, flowKey } from './flow-key.ts';
import { batch, sample } from './testing/batches.ts';

function keyOf(fields: Partial<DecodedSample>, ofBatch: Partial<DecodedBatch> = {}): string {
  return flowKey(batch([], ofBatch), sample(fields));
}

const other = Buffer.from('20010db8000000000000000000000001', 'hex');

test('each field of the identity makes a key of its own', () => {
  const keys = [
    keyOf({}),
    keyOf({ source: 1 }), // the other direction
    keyOf({ source: 2 }), // another interface
    keyOf({ inputIfIndex: 9 }),
    keyOf({ outputIfIndex: 9 }),
    keyOf({ vlanId: 9 }),
    keyOf({ innerVlanId: 9 }),
    keyOf({ etherType: 0x86dd }),
    keyOf({ srcAddress: other }),
    keyOf({ dstAddress: other }),
    keyOf({ protocol: 17 }),
    keyOf({ srcPort: 9 }),
    keyOf({ dstPort: 9 }),
    keyOf({ dscp: 9 }),
    keyOf({ stop: 1 }),
    keyOf({}, { agent: 'host-2' }),
    keyOf({}, { agent: 'höst-1' }),
  ];
  assert.equal(new Set(keys).size, keys.length);
});

test('what only measures or describes a packet is not part of the identity', () => {
  for (const fields of [
    { sequence: 7, timeOffsetNs: 1e9, samplingRate: 512, sampleCount: 3, segments: 3, wireBytes: 1, ipBytes: 0 },
    { stopLayer: 1, srcMac: 1, dstMac: 2, ecn: 3, ttl: 1, flowLabel: 7, tcpFlags: 2 },
    { fragmentOffset: 1480, moreFragments: true, icmpType: 3, icmpCode: 1 },
  ])
    assert.equal(keyOf(fields), keyOf({}));
  assert.equal(keyOf({}, { bootId: Buffer.alloc(16, 9), sourceOffset: 9, decoderVersion: 2 }), keyOf({}));
});

test('the two directions of a conversation are two flows', () => {
  const there = sample();
  const back = { srcAddress: there.dstAddress, dstAddress: there.srcAddress, srcPort: 443, dstPort: 40_000 };
  assert.notEqual(keyOf(back), keyOf({}));
});

test('ICMP and ICMPv6 have type and code in the destination port, as IPFIX icmpTypeCode', () => {
  assert.equal(destinationPort(sample({ protocol: 1, icmpType: 3, icmpCode: 1 })), 769);
  assert.equal(destinationPort(sample({ protocol: 58, icmpType: 255, icmpCode: 255 })), 65_535);
  assert.equal(destinationPort(sample({ protocol: 17, dstPort: 53, icmpType: 3 })), 53);
  assert.notEqual(keyOf({ protocol: 1, icmpType: 8 }), keyOf({ protocol: 1, icmpType: 0 }));
});

test('the key of a flow is bytes: one character each, the agent aside', () => {
  const key = keyOf({ inputIfIndex: 0xffff_ffff, srcPort: 65_535, vlanId: 4095, srcAddress: Buffer.alloc(16, 0xff) });
  assert.equal(Buffer.from(key, 'latin1').toString('latin1'), key);
});
