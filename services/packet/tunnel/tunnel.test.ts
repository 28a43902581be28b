// Rules of tunnels: which packet is kept where, and when a port is believed. Well-formed ones are in tshark.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../address.ts';
import {
  createDecodedHeader,
  createTunnelPorts,
  type DecodedHeader,
  decodeHeader,
  Field,
  Layer,
  Stop,
} from '../decode.ts';
import { Tunnel } from '../decoded-header.ts';
import { nestedVxlan } from '../testing/corpus-tunnel.ts';
import { decode } from '../testing/decode.ts';
import { DST_MAC, ethernet, hex, innerEthernet, ipv4, ipv6, SRC_MAC, tag, tcp, udp, udpTo } from '../testing/frames.ts';
import { randomBytes } from '../testing/random.ts';

const web = ipv4(6, tcp());
const over4 = (protocol: number, ...payload: Buffer[]): Buffer =>
  ethernet(0x0800, ipv4(protocol, Buffer.concat(payload)));
const inUdp = (port: number, ...payload: Buffer[]): Buffer => over4(17, udpTo(port, Buffer.concat(payload)));
const vxlan = (...payload: Buffer[]): Buffer => Buffer.concat([hex('08000000 012345 00'), ...payload]);
const has = (out: DecodedHeader, field: number): boolean => (out.fields & (1 << field)) !== 0;
const tunnel = (out: DecodedHeader): number[] => [out.tunnelDepth, out.tunnelKind, out.tunnelId];

test('the link fields are the frame’s, addresses and ports the innermost packet’s, the outer ones are kept', () => {
  const inside = innerEthernet(0x8100, tag(99, 0x86dd, ipv6(17, udp())));
  const frame = ethernet(0x8100, tag(5, 0x0800, ipv4(17, udpTo(4789, vxlan(inside)), { tos: 0xb8, ttl: 9 })));
  const out = decode(frame);
  assert.equal(out.stop, Stop.complete);
  assert.deepEqual(
    [out.srcMac, out.dstMac, out.vlanId, out.innerVlanId, out.etherType],
    [SRC_MAC, DST_MAC, 5, 0, 0x0800],
  );
  assert.deepEqual([out.innerSrcMac, out.innerDstMac], [0x0200000000cc, 0x0200000000dd]);
  assert.deepEqual(tunnel(out), [1, Tunnel.vxlan, 0x012345]);
  assert.equal(formatAddress(out.srcAddress), '2001:db8::1');
  assert.deepEqual([out.protocol, out.srcPort, out.dstPort, out.ttl, out.dscp], [17, 5353, 53, 63, 0]);
  assert.equal(formatAddress(out.outerDstAddress), '198.51.100.2');
  assert.deepEqual([out.outerProtocol, out.outerSrcPort, out.outerDstPort], [17, 49152, 4789]);
  assert.deepEqual([out.outerTtl, out.outerDscp], [9, 46]);
  assert.deepEqual([out.l2Bytes, out.ipBytes], [18, frame.length - 18]);
});

test('of several tunnels the innermost is named and the outermost header kept; a ninth is not entered', () => {
  for (let depth = 1; depth <= 8; depth++) {
    const out = decode(nestedVxlan(depth));
    assert.deepEqual([out.stop, ...tunnel(out), out.dstPort], [Stop.complete, depth, Tunnel.vxlan, depth, 443]);
  }
  const nine = decode(nestedVxlan(9));
  assert.deepEqual([nine.stop, nine.stopLayer, ...tunnel(nine)], [Stop.unsupported, Layer.vxlan, 8, Tunnel.vxlan, 8]);
  assert.deepEqual([nine.protocol, nine.dstPort], [17, 4789]);
});

test('where the inside is no IP, the packet around it stays', () => {
  const out = decode(inUdp(4789, vxlan(innerEthernet(0x88cc, Buffer.alloc(46)))));
  assert.deepEqual([out.stop, out.stopLayer, ...tunnel(out)], [3, Layer.network, 1, Tunnel.vxlan, 0x012345]);
  assert.deepEqual([formatAddress(out.srcAddress), out.dstPort], ['192.0.2.1', 4789]);
  const cut = decode(inUdp(4789, vxlan(innerEthernet(0x0800, web))), { length: 42 + 8 + 14 + 10, frameBytes: 200 });
  assert.deepEqual([cut.stop, cut.stopLayer, cut.dstPort], [Stop.truncated, Layer.ipv4, 4789]);
});

test('nothing of the outer packet shows through: neither fragments nor flags nor ports', () => {
  const out = decode(ethernet(0x0800, ipv4(4, ipv4(1, hex('0800 0000 0001 0001')), { fragment: 0x2000 })));
  assert.deepEqual([out.moreFragments, has(out, Field.fragment), has(out, Field.ports)], [false, false, false]);
  assert.deepEqual([out.icmpType, out.srcPort, out.outerProtocol], [8, 0, 4]);
});

test('random payloads on the ports of tunnels are UDP', () => {
  const random = randomBytes(7);
  for (const port of [1701, 2152, 3544, 4789, 4790, 6081, 6635, 8472, 51820]) {
    let believed = 0;
    for (let round = 0; round < 20_000; round++) {
      const noise = Buffer.alloc(80);
      for (let i = 0; i < noise.length; i++) noise[i] = random();
      const out = decode(inUdp(port, noise));
      if (out.stopLayer !== Layer.udp || out.stop !== Stop.complete) believed++;
    }
    assert.ok(believed <= 20, `${believed} of 20000 on port ${port}`);
  }
});

test('a VXLAN header is believed with reserved bits set when a frame follows it', () => {
  const odd = hex('08087f7f 00012c 00');
  assert.deepEqual(tunnel(decode(inUdp(4789, odd, innerEthernet(0x0800, web)))), [1, Tunnel.vxlan, 300]);
  assert.equal(decode(inUdp(4789, odd, Buffer.alloc(60, 0x77))).tunnelDepth, 0);
  assert.equal(decode(inUdp(4789, hex('00000000 012345 00'), innerEthernet(0x0800, web))).tunnelDepth, 0);
});

test('VXLAN’s port is believed as a destination only, GTP-U’s at either end', () => {
  const from = (port: number, payload: Buffer): Buffer => over4(17, udpTo(40000, payload, port));
  assert.equal(decode(from(4789, vxlan(innerEthernet(0x0800, web)))).tunnelDepth, 0);
  const pdu = Buffer.concat([hex('30ff 0028 f0000001'), web]);
  assert.deepEqual(tunnel(decode(from(2152, pdu))), [1, Tunnel.gtpu, 0xf0000001]);
});

test('ports of one’s own can be added', () => {
  const ports = createTunnelPorts({ vxlan: [5000] });
  const frame = inUdp(5000, vxlan(innerEthernet(0x0800, web)));
  const out = createDecodedHeader();
  decodeHeader(frame, 0, frame.length, 'ethernet', 0, frame.length, out, ports);
  assert.equal(out.tunnelKind, Tunnel.vxlan);
  decodeHeader(frame, 0, frame.length, 'ethernet', 0, frame.length, out);
  assert.equal(out.tunnelKind, Tunnel.none);
});

test('NVGRE is told from a key by the range of its subnets', () => {
  const gre = (key: string): Buffer => over4(47, hex(`2000 6558 ${key}`), innerEthernet(0x0800, web));
  assert.deepEqual(tunnel(decode(gre('00abcd05'))), [1, Tunnel.nvgre, 0xabcd]);
  assert.deepEqual(tunnel(decode(gre('00000064'))), [1, Tunnel.gre, 100]);
  assert.deepEqual(tunnel(decode(gre('ffffff00'))), [1, Tunnel.gre, 0xffffff00]);
});

test('a tunnel without a number has none, rather than zero', () => {
  const plain = decode(over4(47, hex('0000 0800'), web));
  assert.deepEqual([has(plain, Field.tunnel), has(plain, Field.tunnelId)], [true, false]);
  const zero = decode(over4(47, hex('2000 0800 00000000'), web));
  assert.deepEqual([has(zero, Field.tunnelId), zero.tunnelId], [true, 0]);
});

test('what is encrypted is complete: the kind and the number of the tunnel are all there is to know', () => {
  const esp = decode(over4(50, hex('c0ffee01 00000001'), Buffer.alloc(40, 0x5a)));
  assert.deepEqual([esp.stop, esp.stopLayer, ...tunnel(esp)], [Stop.complete, Layer.esp, 1, Tunnel.esp, 0xc0ffee01]);
  assert.equal(formatAddress(esp.srcAddress), formatAddress(esp.outerSrcAddress));
  const guard = decode(inUdp(51820, hex('04000000 78563412 0100000000000000'), Buffer.alloc(16)));
  assert.deepEqual([guard.stop, ...tunnel(guard)], [Stop.complete, 1, Tunnel.wireguard, 0x12345678]);
});

test('L2TP version 3 does not tell what a session carries', () => {
  const out = decode(over4(115, hex('00001234'), Buffer.alloc(40)));
  assert.deepEqual([out.stop, out.stopLayer, ...tunnel(out)], [3, Layer.network, 1, Tunnel.l2tp, 0x1234]);
  const udp3 = decode(inUdp(1701, hex('0003 0000 00005678'), Buffer.alloc(40)));
  assert.deepEqual(tunnel(udp3), [1, Tunnel.l2tp, 0x5678]);
  assert.deepEqual(tunnel(decode(over4(115, hex('00000000 c803 000c'), Buffer.alloc(8)))), [0, 0, 0]);
});

test('a packet that an ICMP error quotes is no tunnel', () => {
  const out = decode(over4(1, hex('0300 0000 00000000'), ipv4(4, web)));
  assert.deepEqual([out.stopLayer, out.tunnelDepth, out.icmpType], [Layer.icmp, 0, 3]);
});

test('extension headers of GTP-U have an end', () => {
  const endless = Buffer.concat([hex('34ff 0100 00000002 0000 00 85'), ...new Array<Buffer>(20).fill(hex('01000085'))]);
  endless.writeUInt16BE(endless.length - 8, 2);
  assert.deepEqual([decode(inUdp(2152, endless)).stop, decode(inUdp(2152, endless)).stopLayer], [3, Layer.gtpu]);
  const empty = hex('34ff 0008 00000002 0000 00 85 00000000');
  assert.deepEqual([decode(inUdp(2152, empty)).stop, decode(inUdp(2152, empty)).stopLayer], [2, Layer.gtpu]);
});
