// TCP, UDP, ICMP and ICMPv6: small enough to share a file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field, Layer, Stop } from '../decode.ts';
import { decode } from '../testing/decode.ts';
import { ethernet, hex, ipv4, ipv6, tcp, udp } from '../testing/frames.ts';

const over4 = (protocol: number, payload: Buffer): Buffer => ethernet(0x0800, ipv4(protocol, payload));

test('TCP ports and nine flags', () => {
  const out = decode(over4(6, hex('9c40 01bb 00000001 00000002 51ff ffff 0000 0000')));
  assert.deepEqual([out.stop, out.srcPort, out.dstPort, out.tcpFlags], [Stop.complete, 40000, 443, 0x1ff]);
  assert.equal(decode(over4(6, tcp(0x5100))).tcpFlags, 0x100);
  assert.equal(decode(over4(6, tcp(0x5e02))).tcpFlags, 0x002);
});

test('TCP options that the capture cut are no loss', () => {
  const frame = over4(6, tcp(0xf010, Buffer.alloc(40, 1)));
  assert.equal(decode(frame, { length: 54 }).stop, Stop.complete);
});

test('a TCP data offset too small or beyond the packet is malformed, with the ports kept', () => {
  for (const frame of [over4(6, tcp(0x4010)), over4(6, tcp(0x6010))]) {
    const out = decode(frame);
    assert.deepEqual([out.stop, out.stopLayer, out.dstPort], [Stop.malformed, Layer.tcp, 443]);
  }
});

test('options of a first fragment may go on in the next one', () => {
  const out = decode(ethernet(0x0800, ipv4(6, tcp(0xf010, Buffer.alloc(4)), { fragment: 0x2000 })));
  assert.equal(out.stop, Stop.complete);
});

test('ports are kept when the rest of the header is missing', () => {
  for (const [protocol, layer, payload] of [
    [6, Layer.tcp, tcp()],
    [17, Layer.udp, udp()],
  ] as const) {
    const frame = over4(protocol, payload);
    const cut = decode(frame, { length: 14 + 20 + 5 });
    assert.deepEqual([cut.stop, cut.stopLayer], [Stop.truncated, layer]);
    assert.deepEqual([cut.srcPort, cut.dstPort], [payload.readUInt16BE(0), payload.readUInt16BE(2)]);
    assert.equal(cut.layers & (1 << layer), 0);
  }
});

test('a UDP length shorter than its header or longer than the packet is malformed', () => {
  for (const bytes of [0, 7, 13]) {
    const out = decode(over4(17, udp(Buffer.alloc(4), bytes)));
    assert.deepEqual([out.stop, out.stopLayer, out.dstPort], [Stop.malformed, Layer.udp, 53]);
  }
  assert.equal(decode(over4(17, udp(Buffer.alloc(4), 8))).stop, Stop.complete);
});

test('a UDP length of 0 is right in a jumbogram', () => {
  const frame = ethernet(0x86dd, ipv6(17, udp(Buffer.alloc(4), 0), { payloadBytes: 0 }));
  assert.equal(decode(frame, { frameBytes: 70_000 }).stop, Stop.complete);
  assert.equal(decode(frame, { frameBytes: 60_000 }).stop, Stop.malformed);
});

test('ICMP and ICMPv6 have type and code; a quoted packet is not decoded', () => {
  const quoted = ipv4(17, udp());
  const four = decode(over4(1, Buffer.concat([hex('0303 0000 00000000'), quoted])));
  assert.deepEqual([four.stop, four.stopLayer, four.icmpType, four.icmpCode], [Stop.complete, Layer.icmp, 3, 3]);
  assert.deepEqual([four.srcPort, four.dstPort], [0, 0]);
  const six = decode(ethernet(0x86dd, ipv6(58, hex('8700 0000 00000000'))));
  assert.deepEqual([six.stop, six.stopLayer, six.icmpType], [Stop.complete, Layer.icmpv6, 135]);
});

test('the window is kept, and the segment size of a SYN', () => {
  const options = hex('0402 080a 0000000100000000 01 030307 020405b4');
  const syn = decode(over4(6, tcp(0xb002, Buffer.concat([options, Buffer.alloc(4)]))));
  assert.deepEqual([syn.tcpWindow, syn.tcpMss, syn.fields & (1 << Field.mss)], [0xffff, 1460, 1 << Field.mss]);
  // Without SYN the option means nothing.
  assert.equal(decode(over4(6, tcp(0x6010, hex('020405b4')))).tcpMss, 0);
  assert.equal(decode(over4(6, tcp(0x6002, hex('020405b4'))), { length: 57 }).tcpMss, 0);
  for (const broken of ['00 02 04 05', '05 00 00 00', '03 01 02 04', '02 05 05 b4'])
    assert.equal(decode(over4(6, tcp(0x6002, hex(broken)))).tcpMss, 0);
});

test('the payload is where the header ends, without padding', () => {
  const out = decode(Buffer.concat([over4(6, tcp(0x6010, hex('01010101 68690a'))), Buffer.alloc(6)]));
  assert.deepEqual([out.payloadAt, out.payloadEnd], [14 + 20 + 24, 14 + 20 + 24 + 3]);
  const cut = decode(over4(6, tcp(0xf010, Buffer.alloc(80))), { length: 60 });
  assert.deepEqual([cut.stop, cut.payloadAt, cut.payloadEnd], [Stop.complete, -1, -1]);
  const datagram = decode(over4(17, udp(hex('0102'))));
  assert.deepEqual([datagram.payloadAt, datagram.payloadEnd], [42, 44]);
});

test('UDP-Lite, SCTP and DCCP have ports, and lengths that must make sense', () => {
  const lite = decode(over4(136, hex('14e9 0035 0008 0000 00')));
  assert.deepEqual([lite.stop, lite.srcPort, lite.dstPort], [Stop.complete, 5353, 53]);
  assert.equal(decode(over4(136, hex('14e9 0035 0007 0000 00'))).stop, Stop.malformed);
  assert.equal(decode(over4(136, hex('14e9 0035 000a 0000 00'))).stop, Stop.malformed);
  const sctp = decode(over4(132, hex('0b59 0b5a 00000001 00000000')));
  assert.deepEqual([sctp.stop, sctp.srcPort, sctp.dstPort], [Stop.complete, 2905, 2906]);
  const dccp = decode(over4(33, hex('9c40 1389 03 00 0000 04 000001')));
  assert.deepEqual([dccp.stop, dccp.dstPort], [Stop.complete, 5001]);
  assert.equal(decode(over4(33, hex('9c40 1389 03 00 0000 05 000001'))).stop, Stop.malformed);
});

test('routing and group protocols are recognised', () => {
  for (const [protocol, layer] of [
    [2, Layer.igmp],
    [89, Layer.ospf],
    [103, Layer.pim],
    [112, Layer.vrrp],
  ] as const) {
    const out = decode(over4(protocol, Buffer.alloc(24, 0x21)));
    assert.deepEqual([out.stop, out.stopLayer, out.protocol], [Stop.complete, layer, protocol]);
  }
});
