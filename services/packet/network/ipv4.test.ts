import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../address.ts';
import { Layer, Stop } from '../decode.ts';
import { bits, decode } from '../testing/decode.ts';
import { ethernet, hex, ipv4, tcp, udp } from '../testing/frames.ts';

test('every field of the header is read from its place', () => {
  const out = decode(
    hex(
      `0200000000bb 0200000000aa 0800
       45 bb 0028 1234 4000 39 06 0000 c0000201 c6336402
       9c40 01bb 00000001 00000002 5018 ffff 0000 0000`,
    ),
  );
  assert.equal(out.stop, Stop.complete);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.ipv4, Layer.tcp));
  assert.deepEqual([out.dscp, out.ecn, out.ttl, out.protocol], [46, 3, 57, 6]);
  assert.deepEqual([out.fragmentOffset, out.moreFragments, out.flowLabel], [0, false, 0]);
  assert.deepEqual([out.l2Bytes, out.ipBytes], [14, 40]);
  assert.equal(formatAddress(out.srcAddress), '192.0.2.1');
  assert.equal(formatAddress(out.dstAddress), '198.51.100.2');
  assert.deepEqual(out.srcAddress, hex('00000000000000000000ffffc0000201'));
});

test('options are skipped', () => {
  const out = decode(ethernet(0x0800, ipv4(17, udp(), { options: Buffer.alloc(40, 1) })));
  assert.deepEqual([out.stop, out.dstPort], [Stop.complete, 53]);
});

test('options that the capture cut stop decoding, with the addresses known', () => {
  const out = decode(ethernet(0x0800, ipv4(17, udp(), { options: Buffer.alloc(40, 1) })), { length: 60 });
  assert.deepEqual([out.stop, out.stopLayer, out.protocol], [Stop.truncated, Layer.ipv4, 17]);
  assert.equal(formatAddress(out.dstAddress), '198.51.100.2');
  assert.equal(out.layers, bits(Layer.ethernet));
});

test('a first fragment has ports, later ones have not and are complete', () => {
  const first = decode(ethernet(0x0800, ipv4(17, udp(Buffer.alloc(16), 4000), { fragment: 0x2000 })));
  assert.deepEqual([first.stop, first.moreFragments, first.fragmentOffset, first.dstPort], [0, true, 0, 53]);
  const later = decode(ethernet(0x0800, ipv4(17, udp(Buffer.alloc(16), 4000), { fragment: 0x2000 | 185 })));
  assert.deepEqual([later.stop, later.stopLayer, later.protocol], [Stop.complete, Layer.ipv4, 17]);
  assert.deepEqual([later.moreFragments, later.fragmentOffset, later.dstPort], [true, 1480, 0]);
  const last = decode(ethernet(0x0800, ipv4(17, Buffer.alloc(8), { fragment: 0x1fff })));
  assert.deepEqual([last.moreFragments, last.fragmentOffset], [false, 65528]);
});

test('a total length of 0 (TSO) stands for the rest of the frame', () => {
  const frame = ethernet(0x0800, ipv4(6, tcp(), { totalBytes: 0 }));
  const out = decode(frame, { frameBytes: 9000 });
  assert.deepEqual([out.stop, out.ipBytes], [Stop.complete, 9000 - 14]);
});

test('a total length beyond the frame is kept: GSO buffers have it', () => {
  const out = decode(ethernet(0x0800, ipv4(6, tcp(), { totalBytes: 60_000 })), { frameBytes: 1514 });
  assert.deepEqual([out.stop, out.ipBytes], [Stop.complete, 60_000]);
  const datagrams = decode(ethernet(0x0800, ipv4(17, udp(Buffer.alloc(4), 5000), { totalBytes: 5020 })));
  assert.deepEqual([datagrams.stop, datagrams.dstPort], [Stop.complete, 53]);
});

test('padding behind the packet is not read as its transport header', () => {
  const out = decode(ethernet(0x0800, ipv4(6, Buffer.alloc(0)), tcp()));
  assert.deepEqual([out.stop, out.stopLayer, out.srcPort], [Stop.malformed, Layer.tcp, 0]);
});

test('a wrong version, header length or total length is malformed', () => {
  const packet = ipv4(17, udp());
  for (const [at, value] of [
    [0, 0x55],
    [0, 0x44],
    [0, 0x4f], // 60 bytes of header in 32 of packet
    [3, 19],
  ] as const) {
    const broken = Buffer.from(packet);
    broken[at] = value;
    const out = decode(ethernet(0x0800, broken, Buffer.alloc(100)));
    assert.deepEqual([out.stop, out.stopLayer], [Stop.malformed, Layer.ipv4]);
  }
});

test('an unknown protocol is unsupported at the transport layer, with all of IPv4 known', () => {
  const out = decode(ethernet(0x0800, ipv4(253, Buffer.alloc(16))));
  assert.deepEqual([out.stop, out.stopLayer, out.protocol], [Stop.unsupported, Layer.transport, 253]);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.ipv4));
});
