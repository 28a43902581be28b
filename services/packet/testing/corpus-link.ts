import type { Fixture } from './fixture.ts';
import { ethernet, extension, hex, innerEthernet, ipv4, ipv6, label, tag, tcp, udp } from './frames.ts';

const web = ipv4(6, tcp());
const dns = ipv6(17, udp());
const ping = hex('0800 0000 0001 0001 61626364');
const length = (payload: Buffer): number => payload.length;
const snapWeb = Buffer.concat([hex('aaaa03 000000 0800'), web]);
const spanningTree = hex('424203 0000 00 00 00 8000020000000001 00000000 8000020000000001 8001 0000 1400 0200 0f00');
const pppoe = (protocol: string, payload: Buffer): Buffer =>
  Buffer.concat([hex('11 00 0001'), Buffer.from([0, payload.length + 2]), hex(protocol), payload]);

/** With makers' addresses, by which tshark tells a pseudowire's control word. */
const wired = (type: number, ...payload: Buffer[]): Buffer => {
  const frame = innerEthernet(type, ...payload);
  hex('001b21000001 3cfdfe000002').copy(frame);
  return frame;
};

export const linkFixtures: Fixture[] = [
  { name: 'llc snap', origin: 'RFC 1042', frame: ethernet(length(snapWeb), snapWeb), needs: 62, stop: 0 },
  {
    name: 'llc snap in a tag',
    origin: 'RFC 1042, IEEE 802.1Q',
    frame: ethernet(0x8100, tag(5, length(snapWeb), snapWeb)),
    needs: 66,
    stop: 0,
  },
  {
    name: 'spanning tree',
    origin: 'IEEE 802.1D',
    frame: ethernet(length(spanningTree), spanningTree, Buffer.alloc(8)),
    needs: 17,
    stop: 3,
  },
  {
    name: 'e-tag',
    origin: 'IEEE 802.1BR',
    frame: ethernet(0x893f, hex('6005 1006 0000 0800'), web),
    needs: 62,
    stop: 0,
  },
  {
    name: 'security group tag',
    origin: 'Cisco TrustSec, as tshark reads it',
    frame: ethernet(0x8909, hex('01 01 0001 0005 0800'), web),
    needs: 62,
    stop: 0,
  },
  {
    name: 'macsec with integrity alone',
    origin: 'IEEE 802.1AE',
    frame: ethernet(0x88e5, hex('20 00 00000001 0200000000aa 0001 0800'), web, Buffer.alloc(16, 0x77)),
    needs: 70,
    stop: 0,
  },
  {
    name: 'macsec encrypted',
    origin: 'IEEE 802.1AE',
    frame: ethernet(0x88e5, hex('2c 00 00000002 0200000000aa 0001'), Buffer.alloc(40, 0x77)),
    needs: 28,
    stop: 0,
  },
  {
    name: 'pppoe discovery',
    origin: 'RFC 2516',
    frame: ethernet(0x8863, hex('11 09 0000 0004 0101 0000')),
    needs: 20,
    stop: 0,
  },
  { name: 'pppoe with ipv4', origin: 'RFC 2516', frame: ethernet(0x8864, pppoe('0021', web)), needs: 62, stop: 0 },
  { name: 'pppoe with ipv6', origin: 'RFC 2516', frame: ethernet(0x8864, pppoe('0057', dns)), needs: 70, stop: 0 },
  {
    name: 'pppoe with link control',
    origin: 'RFC 2516, RFC 1661',
    frame: ethernet(0x8864, pppoe('c021', hex('09 01 0008 01020304'))),
    needs: 22,
    stop: 0,
  },
  {
    name: 'mpls',
    origin: 'RFC 3032',
    frame: ethernet(0x8847, label(16001, false), label(24, true), web),
    needs: 62,
    stop: 0,
  },
  {
    name: 'mpls in a tag with ipv6',
    origin: 'RFC 3032',
    frame: ethernet(0x8100, tag(9, 0x8847, label(2, true), dns)),
    needs: 70,
    stop: 0,
  },
  {
    name: 'ethernet over mpls with a control word',
    origin: 'RFC 4448',
    frame: ethernet(0x8847, label(100, false), label(200, true), hex('0000 0001'), wired(0x0800, web)),
    needs: 80,
    stop: 0,
    shortIsUnknown: true,
  },
  {
    name: 'ethernet over mpls without a control word',
    origin: 'RFC 4448',
    frame: ethernet(0x8847, label(300, true), wired(0x8100, tag(33, 0x0800, ipv4(1, ping)))),
    needs: 60,
    stop: 0,
    shortIsUnknown: true,
  },
  {
    name: 'pseudowire of another kind',
    origin: 'RFC 4385',
    frame: ethernet(0x8847, label(400, true), hex('1000 7ff8'), Buffer.alloc(40)),
    needs: 38,
    stop: 3,
    shortIsUnknown: true,
  },
  {
    name: 'backbone bridge',
    origin: 'IEEE 802.1ah',
    frame: ethernet(0x8100, tag(12, 0x88e7, hex('00000123'), wired(0x0800, web))),
    needs: 76,
    stop: 0,
  },
  {
    name: 'nsh',
    origin: 'RFC 8300',
    frame: ethernet(0x894f, hex('0fc6 01 01 000102 ff 00000000000000000000000000000000'), web),
    needs: 78,
    stop: 0,
  },
  { name: 'raw ipv4', origin: 'LINKTYPE_RAW', frame: web, needs: 40, stop: 0, linkType: 'ip' },
  {
    name: 'raw ipv6 with an extension header',
    origin: 'LINKTYPE_RAW',
    frame: ipv6(0, Buffer.concat([extension(6), tcp()])),
    needs: 68,
    stop: 0,
    linkType: 'ip',
  },
  {
    name: 'linux cooked',
    origin: 'LINKTYPE_LINUX_SLL',
    frame: Buffer.concat([hex('0000 0001 0006 0200000000aa 0000 0800'), web]),
    needs: 56,
    stop: 0,
    linkType: 'linux-sll',
  },
  {
    name: 'linux cooked with a tag',
    origin: 'LINKTYPE_LINUX_SLL',
    frame: Buffer.concat([hex('0004 0001 0006 0200000000aa 0000 8100 0007 86dd'), dns]),
    needs: 68,
    stop: 0,
    linkType: 'linux-sll',
  },
  {
    name: 'linux cooked, version 2',
    origin: 'LINKTYPE_LINUX_SLL2',
    frame: Buffer.concat([hex('86dd 0000 00000003 0001 00 06 0200000000aa 0000'), dns]),
    needs: 68,
    stop: 0,
    linkType: 'linux-sll2',
  },
  {
    name: 'loopback, little-endian',
    origin: 'LINKTYPE_NULL',
    frame: Buffer.concat([hex('1e000000'), dns]),
    needs: 52,
    stop: 0,
    linkType: 'null',
  },
  {
    name: 'loopback, big-endian',
    origin: 'LINKTYPE_NULL',
    frame: Buffer.concat([hex('00000002'), web]),
    needs: 44,
    stop: 0,
    linkType: 'null',
  },
  {
    name: 'ppp with hdlc framing',
    origin: 'RFC 1662',
    frame: Buffer.concat([hex('ff03 0021'), web]),
    needs: 44,
    stop: 0,
    linkType: 'ppp',
  },
  {
    name: 'cisco hdlc',
    origin: 'RFC 1547',
    frame: Buffer.concat([hex('0f00 0800'), web]),
    needs: 44,
    stop: 0,
    linkType: 'chdlc',
  },
  {
    name: 'nflog',
    origin: 'LINKTYPE_NFLOG',
    frame: Buffer.concat([hex('02 00 0005 0800 0100 0800 0100 0500 0a00 00000000 2c00 0900'), web]),
    needs: 64,
    stop: 0,
    linkType: 'nflog',
  },
];
