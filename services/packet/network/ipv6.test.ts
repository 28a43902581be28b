import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../address.ts';
import { Layer, Stop } from '../decode.ts';
import { bits, decode } from '../testing/decode.ts';
import { ethernet, extension, hex, ipv6, tcp, udp } from '../testing/frames.ts';

test('every field of the header is read from its place', () => {
  const out = decode(
    hex(
      `0200000000bb 0200000000aa 86dd
       6bbabcde 000c 11 3f 20010db8000000000000000000000001 fe8000000000000000000000000000ff
       14e9 0035 000c 0000 00000000`,
    ),
  );
  assert.equal(out.stop, Stop.complete);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.ipv6, Layer.udp));
  // Traffic class 0xbb.
  assert.deepEqual([out.dscp, out.ecn, out.flowLabel, out.ttl, out.protocol], [46, 3, 0xabcde, 63, 17]);
  assert.deepEqual([out.l2Bytes, out.ipBytes], [14, 52]);
  assert.equal(formatAddress(out.srcAddress), '2001:db8::1');
  assert.equal(formatAddress(out.dstAddress), 'fe80::ff');
});

test('a payload length of 0 (BIG TCP) stands for the rest of the frame', () => {
  const out = decode(ethernet(0x86dd, ipv6(6, tcp(), { payloadBytes: 0 })), { frameBytes: 80_000 });
  assert.deepEqual([out.stop, out.ipBytes], [Stop.complete, 80_000 - 14]);
});

test('a payload length of 0 without a next header means none', () => {
  const out = decode(ethernet(0x86dd, ipv6(59, Buffer.alloc(0)), Buffer.alloc(6)));
  assert.deepEqual([out.stop, out.stopLayer, out.ipBytes], [Stop.complete, Layer.ipv6, 40]);
});

test('extension headers are skipped in any order, and the protocol behind them is reported', () => {
  const chain = Buffer.concat([extension(43), extension(60, 2), extension(135), extension(139), extension(140)]);
  const out = decode(ethernet(0x86dd, ipv6(0, Buffer.concat([chain, extension(6), tcp()]))));
  assert.equal(out.stop, Stop.complete);
  assert.deepEqual([out.protocol, out.dstPort], [6, 443]);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.ipv6, Layer.ipv6Extension, Layer.tcp));
});

test('sixteen extension headers are walked, a seventeenth is unsupported', () => {
  const sixteen = [...new Array<Buffer>(15).fill(extension(60)), extension(17), udp()];
  assert.equal(decode(ethernet(0x86dd, ipv6(60, Buffer.concat(sixteen)))).dstPort, 53);
  const out = decode(ethernet(0x86dd, ipv6(60, Buffer.concat([extension(60), ...sixteen]))));
  assert.deepEqual([out.stop, out.stopLayer], [Stop.unsupported, Layer.ipv6Extension]);
  assert.deepEqual([out.protocol, out.dstPort], [60, 0]);
});

test('an extension header that runs out of the packet is malformed', () => {
  const out = decode(ethernet(0x86dd, ipv6(0, extension(17)), Buffer.alloc(100)));
  assert.deepEqual([out.stop, out.stopLayer], [Stop.malformed, Layer.udp]);
  const longer = extension(17);
  longer[1] = 5;
  const beyond = decode(ethernet(0x86dd, ipv6(0, longer), Buffer.alloc(100)));
  assert.deepEqual([beyond.stop, beyond.stopLayer], [Stop.malformed, Layer.ipv6Extension]);
});

test('a fragment has its offset in bytes; only the first goes on to the transport header', () => {
  const first = decode(ethernet(0x86dd, ipv6(44, Buffer.concat([hex('1100 0001 00000007'), udp()]))));
  assert.deepEqual([first.stop, first.fragmentOffset, first.moreFragments, first.dstPort], [0, 0, true, 53]);
  const later = decode(ethernet(0x86dd, ipv6(44, Buffer.concat([hex('1100 fff8 00000007'), udp()]))));
  assert.deepEqual([later.stop, later.stopLayer, later.protocol], [Stop.complete, Layer.ipv6Fragment, 17]);
  assert.deepEqual([later.fragmentOffset, later.moreFragments, later.dstPort], [65528, false, 0]);
});

test('an authentication header counts its length in 4 bytes', () => {
  const ah = hex('06 04 0000 00000100 00000001 000102030405060708090a0b');
  const out = decode(ethernet(0x86dd, ipv6(51, Buffer.concat([ah, tcp()]))));
  assert.deepEqual([out.stop, out.protocol, out.dstPort], [Stop.complete, 6, 443]);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.ipv6, Layer.ah, Layer.tcp));
  const short = decode(ethernet(0x86dd, ipv6(51, Buffer.concat([hex('06 00 0000 00000100 00000001'), tcp()]))));
  assert.deepEqual([short.stop, short.stopLayer], [Stop.malformed, Layer.ah]);
});

test('ESP ends decoding: the rest is encrypted, and that is all there is to know', () => {
  const out = decode(ethernet(0x86dd, ipv6(60, Buffer.concat([extension(50), Buffer.alloc(32)]))));
  assert.deepEqual([out.stop, out.stopLayer, out.protocol], [Stop.complete, Layer.esp, 50]);
});

test('no next header behind extension headers is complete', () => {
  const out = decode(ethernet(0x86dd, ipv6(135, extension(59))));
  assert.deepEqual([out.stop, out.stopLayer, out.protocol], [Stop.complete, Layer.ipv6Extension, 59]);
});
