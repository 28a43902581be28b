// Link headers other than Ethernet and its tags; what tshark makes of well-formed ones is in tshark.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../address.ts';
import { type DecodedHeader, Field, Layer, Stop } from '../decode.ts';
import { bits, decode } from '../testing/decode.ts';
import { ethernet, hex, innerEthernet, ipv4, ipv6, label, tag, tcp, udp } from '../testing/frames.ts';
import { LINK_HEADERS_MAX } from './link-headers.ts';

const web = ipv4(6, tcp());
const ends = (out: DecodedHeader): [number, number] => [out.stop, out.stopLayer];
const has = (out: DecodedHeader, field: number): boolean => (out.fields & (1 << field)) !== 0;

test('a SNAP frame has the EtherType in it; padding behind its length is none of the packet', () => {
  const snap = Buffer.concat([hex('aaaa03 000000 0800'), ipv4(6, Buffer.alloc(0))]);
  const out = decode(ethernet(snap.length, snap, tcp()));
  assert.deepEqual([...ends(out), out.etherType, out.l2Bytes], [Stop.malformed, Layer.tcp, 0x0800, 22]);
  const cdp = decode(ethernet(30, hex('aaaa03 00000c 2000'), Buffer.alloc(22)));
  assert.deepEqual([...ends(cdp), cdp.etherType], [Stop.unsupported, Layer.network, 0]);
});

test('raw IPX is no LLC', () => {
  const out = decode(ethernet(34, hex('ffff 0022'), Buffer.alloc(30)));
  assert.deepEqual([...ends(out), out.layers], [Stop.unsupported, Layer.network, bits(Layer.ethernet)]);
});

test('the EtherType behind E-TAG and MACsec is the frame’s; the one of an encrypted frame is MACsec’s', () => {
  const out = decode(ethernet(0x893f, hex('6005 1006 0000 8100'), tag(7, 0x0800, web)));
  assert.deepEqual([out.etherType, out.vlanId, out.l2Bytes, out.dstPort], [0x0800, 7, 26, 443]);
  const secret = decode(ethernet(0x88e5, hex('0c 00 00000001'), Buffer.alloc(60, 0x5a)));
  assert.deepEqual([...ends(secret), secret.etherType], [Stop.complete, Layer.macsec, 0x88e5]);
  assert.deepEqual(ends(decode(ethernet(0x88e5, hex('8c 00 00000001'), Buffer.alloc(60)))), [3, Layer.macsec]);
});

test('PPPoE ends where its length says', () => {
  const session = Buffer.concat([hex('11 00 0001 0016 0021'), ipv4(6, Buffer.alloc(0), { totalBytes: 40 }), tcp()]);
  assert.deepEqual(ends(decode(ethernet(0x8864, session))), [Stop.malformed, Layer.tcp]);
  assert.deepEqual(ends(decode(ethernet(0x8864, hex('21 00 0001 0002 c021')))), [Stop.malformed, Layer.pppoe]);
  const out = decode(ethernet(0x8864, hex('11 00 0001 0004 00fd 1234')));
  assert.deepEqual([...ends(out), out.etherType], [Stop.unsupported, Layer.network, 0x8864]);
});

test('PPP may compress its protocol to one byte', () => {
  const out = decode(Buffer.concat([hex('21'), web]), { linkType: 'ppp' });
  assert.deepEqual([out.stop, out.dstPort, out.etherType, out.l2Bytes], [Stop.complete, 443, 0x0800, 1]);
});

test('labels are kept from the top, eight at most; the stack is walked on', () => {
  const stack = (depth: number): Buffer[] => Array.from({ length: depth }, (_, i) => label(100 + i, i === depth - 1));
  const two = decode(ethernet(0x8847, ...stack(2), web));
  assert.deepEqual([two.mplsDepth, ...two.mplsLabels.subarray(0, 2)], [2, 100, 101]);
  assert.deepEqual([two.l2Bytes, two.etherType, two.dstPort], [22, 0x8847, 443]);
  const ten = decode(ethernet(0x8847, ...stack(10), web));
  assert.deepEqual([ten.stop, ten.mplsDepth, ten.mplsLabels[7], ten.dstPort], [Stop.complete, 8, 107, 443]);
  assert.deepEqual(ends(decode(ethernet(0x8847, ...stack(40), web))), [Stop.unsupported, Layer.mpls]);
});

test('below the last label stands IP, or Ethernet where nothing else makes sense', () => {
  const six = decode(ethernet(0x8847, label(2, true), ipv6(17, udp())));
  assert.deepEqual([six.stop, six.dstPort], [Stop.complete, 53]);
  const other = decode(ethernet(0x8847, label(16, true), hex('1000 0007'), Buffer.alloc(40)));
  assert.deepEqual(ends(other), [Stop.unsupported, Layer.network]);
  // Read with a control word and without one, both make sense: a frame that starts like a word.
  const both = Buffer.concat([hex('000000000000 020000000001 8100 0800 0800'), web]);
  assert.deepEqual(ends(decode(ethernet(0x8847, label(16, true), both))), [Stop.unsupported, Layer.network]);
});

test('a pseudowire is a tunnel without an outer IP header, and its label is its number', () => {
  const out = decode(ethernet(0x8847, label(7, false), label(99, true), hex('00000000'), innerEthernet(0x0800, web)));
  assert.deepEqual([out.tunnelDepth, out.tunnelKind, out.tunnelId, out.dstPort], [1, 14, 99, 443]);
  assert.deepEqual([has(out, Field.outerAddresses), has(out, Field.innerMacs)], [false, true]);
  assert.deepEqual([out.l2Bytes, out.ipBytes, out.etherType], [40, 40, 0x8847]);
});

test('cooked captures have the sender’s address alone', () => {
  const out = decode(Buffer.concat([hex('0000 0001 0006 0200000000aa 0000 0800'), web]), { linkType: 'linux-sll' });
  assert.deepEqual([out.srcMac, out.dstMac, has(out, Field.macs), out.l2Bytes], [0x0200000000aa, 0, false, 16]);
  const netlink = decode(Buffer.concat([hex('0000 0338 0000 0000000000000000 0000')]), { linkType: 'linux-sll' });
  assert.deepEqual(ends(netlink), [Stop.unsupported, Layer.network]);
});

test('loopback families are read in both byte orders', () => {
  for (const family of ['02000000', '00000002'])
    assert.equal(
      formatAddress(decode(Buffer.concat([hex(family), web]), { linkType: 'null' }).srcAddress),
      '192.0.2.1',
    );
  for (const family of ['18000000', '0000001c', '1e000000'])
    assert.equal(decode(Buffer.concat([hex(family), ipv6(17, udp())]), { linkType: 'null' }).dstPort, 53);
  assert.deepEqual(ends(decode(hex('07000000 00'), { linkType: 'null' })), [Stop.unsupported, Layer.network]);
});

test('link headers without end are unsupported', () => {
  const nsh = hex('0fc2 01 04 000001 ff');
  const endless = new Array<Buffer>(LINK_HEADERS_MAX + 1).fill(nsh);
  assert.deepEqual(ends(decode(ethernet(0x894f, ...endless, web))), [Stop.unsupported, Layer.network]);
});
