import type { Fixture } from './fixture.ts';
import { ethernet, hex, innerEthernet, ipv4, ipv6, label, tag, tcp, udp, udpTo } from './frames.ts';

const web = ipv4(6, tcp());
const dns = ipv6(17, udp());
const ping = hex('0800 0000 0001 0001 61626364');
const frameInside = innerEthernet(0x0800, web);
const over4 = (protocol: number, ...payload: Buffer[]): Buffer =>
  ethernet(0x0800, ipv4(protocol, Buffer.concat(payload)));
const over6 = (protocol: number, ...payload: Buffer[]): Buffer =>
  ethernet(0x86dd, ipv6(protocol, Buffer.concat(payload)));
const inUdp = (port: number, ...payload: Buffer[]): Buffer => over4(17, udpTo(port, Buffer.concat(payload)));
const vxlan = (vni: string, ...payload: Buffer[]): Buffer => Buffer.concat([hex(`08000000 ${vni} 00`), ...payload]);
/** Up to the first byte behind an outer IPv4, or IPv4 and UDP, header. */
const IP = 34;
const UDP = 42;
/** Inner headers: IPv4 with TCP, the same in Ethernet, IPv6 with UDP. */
const WEB = 40;
const FRAME = 54;
const DNS = 48;

/** VXLAN in VXLAN, `depth` times. */
export function nestedVxlan(depth: number): Buffer {
  let packet = web;
  for (let level = depth; level > 0; level--)
    packet = ipv4(17, udpTo(4789, vxlan(level.toString(16).padStart(6, '0'), innerEthernet(0x0800, packet))));
  return ethernet(0x0800, packet);
}

export const tunnelFixtures: Fixture[] = [
  { name: '4in4', origin: 'RFC 2003', frame: over4(4, web), needs: IP + WEB, stop: 0 },
  { name: '6in4', origin: 'RFC 4213', frame: over4(41, dns), needs: IP + DNS, stop: 0 },
  { name: '4in6', origin: 'RFC 2473', frame: over6(4, web), needs: 54 + WEB, stop: 0 },
  {
    name: 'ah in tunnel mode',
    origin: 'RFC 4302',
    frame: over4(51, hex('04 04 0000 00000101 00000001 000102030405060708090a0b'), web),
    needs: IP + 24 + WEB,
    stop: 0,
  },
  { name: 'ethernet in srv6', origin: 'RFC 8986', frame: over6(143, frameInside), needs: 54 + FRAME, stop: 0 },
  { name: 'etherip', origin: 'RFC 3378', frame: over4(97, hex('3000'), frameInside), needs: IP + 2 + FRAME, stop: 0 },
  { name: 'mpls in ip', origin: 'RFC 4023', frame: over4(137, label(77, true), web), needs: IP + 4 + WEB, stop: 0 },
  { name: 'gre', origin: 'RFC 2784', frame: over4(47, hex('0000 0800'), web), needs: IP + 4 + WEB, stop: 0 },
  {
    name: 'gre with checksum, key and sequence number',
    origin: 'RFC 2890',
    frame: over6(47, hex('b000 86dd 0000 0000 fedcba98 00000007'), dns),
    needs: 54 + 16 + DNS,
    stop: 0,
  },
  {
    name: 'gre with a key and mpls',
    origin: 'RFC 4023',
    frame: over4(47, hex('2000 8847 00000010'), label(55, true), web),
    needs: IP + 12 + WEB,
    stop: 0,
  },
  {
    name: 'gre keepalive',
    origin: 'Cisco, as tshark reads it',
    frame: over4(47, hex('0000 0000')),
    needs: 38,
    stop: 0,
  },
  {
    name: 'pptp',
    origin: 'RFC 2637',
    frame: over4(47, hex('3081 880b 002c 1234 00000001 00000002 ff03 0021'), web),
    needs: IP + 20 + WEB,
    stop: 0,
  },
  {
    name: 'pptp acknowledgment',
    origin: 'RFC 2637',
    frame: over4(47, hex('2081 880b 0000 1234 00000002')),
    needs: IP + 12,
    stop: 0,
  },
  {
    name: 'nvgre',
    origin: 'RFC 7637',
    frame: over4(47, hex('2000 6558 00abcd 05'), frameInside),
    needs: IP + 8 + FRAME,
    stop: 0,
  },
  {
    name: 'ethernet in gre with a small key',
    origin: 'RFC 1701, RFC 2890',
    frame: over4(47, hex('2000 6558 00000064'), frameInside),
    needs: IP + 8 + FRAME,
    stop: 0,
  },
  {
    name: 'erspan type I',
    origin: 'draft-foschiano-erspan',
    frame: over4(47, hex('0000 88be'), frameInside),
    needs: IP + 4 + FRAME,
    stop: 0,
  },
  {
    name: 'erspan type II',
    origin: 'draft-foschiano-erspan',
    frame: over4(47, hex('1000 88be 00000001 1064 0123 00000001'), frameInside),
    needs: IP + 16 + FRAME,
    stop: 0,
  },
  {
    name: 'erspan type III with a subheader',
    origin: 'draft-foschiano-erspan',
    frame: over4(47, hex('1000 22eb 00000001 2064 0123 00000001 0000 8001 0000000000000000'), frameInside),
    needs: IP + 28 + FRAME,
    stop: 0,
  },
  {
    name: 'vxlan',
    origin: 'RFC 7348',
    frame: inUdp(4789, vxlan('012345', frameInside)),
    needs: UDP + 8 + FRAME,
    stop: 0,
  },
  {
    name: 'vxlan with group policy over ipv6',
    origin: 'draft-smith-vxlan-group-policy',
    frame: over6(17, udpTo(4789, Buffer.concat([hex('88000123 00002a 00'), innerEthernet(0x86dd, dns)]))),
    needs: 62 + 8 + 14 + DNS,
    stop: 0,
  },
  {
    name: 'vxlan with a tagged frame',
    origin: 'RFC 7348',
    frame: inUdp(4789, vxlan('000064', innerEthernet(0x8100, tag(7, 0x0800, ipv4(1, ping))))),
    needs: UDP + 8 + 18 + 24,
    stop: 0,
  },
  { name: 'four tunnels', origin: 'RFC 7348', frame: nestedVxlan(4), needs: 14 + 4 * 50 + WEB, stop: 0 },
  { name: 'nine tunnels', origin: 'RFC 7348', frame: nestedVxlan(9), needs: 14 + 8 * 50 + 36, stop: 3 },
  {
    name: 'vxlan-gpe with nsh',
    origin: 'draft-ietf-nvo3-vxlan-gpe, RFC 8300',
    frame: inUdp(4790, hex('0c000004 000007 00 0fc2 02 01 000005 fe'), web),
    needs: UDP + 16 + WEB,
    stop: 0,
  },
  {
    name: 'geneve with options',
    origin: 'RFC 8926',
    frame: inUdp(6081, hex('0200 6558 00000a 00 0102 80 01 deadbeef'), frameInside),
    needs: UDP + 16 + FRAME,
    stop: 0,
  },
  {
    name: 'geneve with ipv6',
    origin: 'RFC 8926',
    frame: inUdp(6081, hex('0000 86dd ffffff 00'), dns),
    needs: UDP + 8 + DNS,
    stop: 0,
  },
  {
    name: 'gtp-u',
    origin: '3GPP TS 29.281',
    frame: inUdp(2152, hex('30ff 0028 f0000001'), web),
    needs: UDP + 8 + WEB,
    stop: 0,
  },
  {
    name: 'gtp-u with a pdu session container',
    origin: '3GPP TS 29.281, TS 38.415',
    frame: inUdp(2152, hex('34ff 0038 00000002 0000 00 85 01 00 09 00'), dns),
    needs: UDP + 16 + DNS,
    stop: 0,
  },
  {
    name: 'gtp-u echo',
    origin: '3GPP TS 29.281',
    frame: inUdp(2152, hex('3201 0004 00000000 0001 00 00')),
    needs: UDP + 12,
    stop: 0,
  },
  {
    name: 'l2tp version 2',
    origin: 'RFC 2661',
    frame: inUdp(1701, hex('4002 0034 0001 0002 ff03 0021'), web),
    needs: UDP + 12 + WEB,
    stop: 0,
  },
  {
    name: 'l2tp control message',
    origin: 'RFC 2661',
    frame: inUdp(1701, hex('c802 000c 0001 0000 0003 0004')),
    needs: UDP + 12,
    stop: 0,
  },
  {
    name: 'teredo with an origin indication',
    origin: 'RFC 4380',
    frame: inUdp(3544, hex('0000 aabb 3fffdffe'), dns),
    needs: UDP + 8 + DNS,
    stop: 0,
  },
  {
    name: 'wireguard data',
    origin: 'WireGuard paper 5.4.6',
    frame: inUdp(51820, hex('04000000 78563412 0100000000000000'), Buffer.alloc(32, 0x5a)),
    needs: UDP + 8,
    stop: 0,
  },
  {
    name: 'mpls in udp',
    origin: 'RFC 7510',
    frame: inUdp(6635, label(1000, false), label(1001, true), web),
    needs: UDP + 8 + WEB,
    stop: 0,
  },
];
