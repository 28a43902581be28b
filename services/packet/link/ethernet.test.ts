import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Layer, Stop } from '../decode.ts';
import { bits, decode } from '../testing/decode.ts';
import { DST_MAC, ethernet, hex, ipv4, ipv6, SRC_MAC, tcp, udp } from '../testing/frames.ts';

test('MAC addresses are 48-bit numbers, also above 2^47', () => {
  const out = decode(hex('ffeeddccbbaa 800000000001 88b5'));
  assert.equal(out.dstMac, 0xffeeddccbbaa);
  assert.equal(out.srcMac, 0x800000000001);
});

test('an unknown EtherType is unsupported at the network layer, and the Ethernet header is kept', () => {
  const out = decode(ethernet(0x88cc, hex('0207')));
  assert.equal(out.stop, Stop.unsupported);
  assert.equal(out.stopLayer, Layer.network);
  assert.equal(out.layers, bits(Layer.ethernet));
  assert.equal(out.etherType, 0x88cc);
  assert.equal(out.l2Bytes, 14);
  assert.equal(out.ipBytes, 0);
  assert.deepEqual([out.srcMac, out.dstMac], [SRC_MAC, DST_MAC]);
});

test('an 802.3 length is not reported as an EtherType', () => {
  for (const length of [3, 46, 1500]) {
    const out = decode(ethernet(length, hex('4242 03'), Buffer.alloc(length - 3)));
    assert.deepEqual([out.stop, out.stopLayer, out.etherType], [Stop.unsupported, Layer.network, 0]);
    assert.equal(out.layers, bits(Layer.ethernet, Layer.llc));
  }
  assert.equal(decode(ethernet(1536)).stopLayer, Layer.network);
});

test('values between a length and an EtherType are unsupported', () => {
  for (const length of [1501, 1535]) {
    const out = decode(ethernet(length, hex('4242 03')));
    assert.deepEqual([out.stop, out.stopLayer, out.etherType], [Stop.unsupported, Layer.llc, 0]);
  }
});

test('a frame of nothing is malformed, and truncated when there was more of it', () => {
  assert.equal(decode(Buffer.alloc(0)).stop, Stop.malformed);
  const out = decode(Buffer.alloc(0), { frameBytes: 60 });
  assert.equal(out.stop, Stop.truncated);
  assert.equal(out.stopLayer, Layer.ethernet);
  assert.equal(out.layers, 0);
});

test('a packet of an L3 device starts with IP: its EtherType says which', () => {
  const four = decode(ipv4(6, tcp()), { linkType: 'ip', etherType: 0x0800 });
  assert.equal(four.stop, Stop.complete);
  assert.equal(four.layers, bits(Layer.ipv4, Layer.tcp));
  assert.deepEqual([four.etherType, four.l2Bytes, four.ipBytes, four.srcMac], [0x0800, 0, 40, 0]);
  const six = decode(ipv6(17, udp()), { linkType: 'ip', etherType: 0x86dd });
  assert.equal(six.layers, bits(Layer.ipv6, Layer.udp));
  assert.deepEqual([six.etherType, six.ipBytes], [0x86dd, 52]);
});

test('without an IP EtherType the version decides', () => {
  assert.equal(decode(ipv4(6, tcp()), { linkType: 'ip' }).etherType, 0x0800);
  assert.equal(decode(ipv6(6, tcp()), { linkType: 'ip', etherType: 3 }).etherType, 0x86dd);
  const neither = decode(hex('00 01 02'), { linkType: 'ip', etherType: 0x88b5 });
  assert.equal(neither.stop, Stop.unsupported);
  assert.equal(neither.stopLayer, Layer.network);
  assert.equal(neither.etherType, 0x88b5);
  // What the device says it has, when that is known.
  assert.equal(decode(ethernet(0x0800, ipv4(6, tcp())), { linkType: 'ip', etherType: 0x6558 }).dstPort, 443);
  assert.equal(decode(Buffer.alloc(0), { linkType: 'ip' }).stopLayer, Layer.network);
});

test('an EtherType that the version contradicts is malformed', () => {
  assert.equal(decode(ipv6(6, tcp()), { linkType: 'ip', etherType: 0x0800 }).stop, Stop.malformed);
  assert.equal(decode(ethernet(0x86dd, ipv4(6, tcp(0x5010, Buffer.alloc(40))))).stop, Stop.malformed);
});
