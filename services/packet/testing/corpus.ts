// Own frames, each with the number of bytes its decoding needs. Used for cutting, mutating, and against tshark.

import { ethernet, extension, hex, ipv4, ipv6, tag, tcp, udp } from './frames.ts';

export interface Fixture {
  name: string;
  frame: Buffer;
  /** Bytes from which on the result is `stop`; with fewer it is truncated or malformed. */
  needs: number;
  stop: number;
}

const arpRequest = hex('0001 0800 06 04 0001 0200000000aa c0000201 000000000000 c0000202');
const ping = hex('0800 0000 0001 0001 61626364');
const pingV6 = hex('8000 0000 0001 0001 61626364');
const ah = hex('06 04 0000 00000100 00000001 000102030405060708090a0b');
const fragmentHeader = (next: string, offset: string): Buffer => hex(`${next} 00 ${offset} 00000007`);
const chain = Buffer.concat([extension(43), hex('2c 02 04 00 00000000 20010db8000000000000000000000003')]);

export const corpus: Fixture[] = [
  { name: 'tcp', frame: ethernet(0x0800, ipv4(6, tcp(), { tos: 0xb9, ttl: 57 })), needs: 54, stop: 0 },
  { name: 'tcp with all nine flags', frame: ethernet(0x0800, ipv4(6, tcp(0x51ff))), needs: 54, stop: 0 },
  {
    name: 'tcp with options',
    frame: ethernet(0x0800, ipv4(6, tcp(0x6002, hex('020405b4')))),
    needs: 54,
    stop: 0,
  },
  { name: 'udp', frame: ethernet(0x0800, ipv4(17, udp())), needs: 42, stop: 0 },
  { name: 'icmp', frame: ethernet(0x0800, ipv4(1, ping)), needs: 38, stop: 0 },
  {
    name: 'ipv4 options',
    frame: ethernet(0x0800, ipv4(17, udp(), { options: hex('94040000 01010100') })),
    needs: 50,
    stop: 0,
  },
  {
    name: 'first ipv4 fragment',
    frame: ethernet(0x0800, ipv4(17, udp(Buffer.alloc(8), 1480), { fragment: 0x2000 })),
    needs: 42,
    stop: 0,
  },
  {
    name: 'last ipv4 fragment',
    frame: ethernet(0x0800, ipv4(17, Buffer.alloc(24, 7), { fragment: 185 })),
    needs: 34,
    stop: 0,
  },
  {
    name: 'one tag',
    frame: ethernet(0x8100, tag(0x6064, 0x0800, ipv4(6, tcp(0x5002)))),
    needs: 58,
    stop: 0,
  },
  {
    name: '802.1ad with 802.1Q',
    frame: ethernet(0x88a8, tag(0x0ffe, 0x8100, tag(0x0014, 0x86dd, ipv6(17, udp())))),
    needs: 70,
    stop: 0,
  },
  {
    name: 'three tags',
    frame: ethernet(0x8100, tag(1, 0x8100, tag(2, 0x8100, tag(3, 0x0800, ipv4(1, ping))))),
    needs: 50,
    stop: 0,
  },
  { name: 'arp', frame: ethernet(0x0806, arpRequest), needs: 42, stop: 0 },
  {
    name: 'arp in a tag',
    frame: ethernet(0x8100, tag(0x0abc, 0x0806, arpRequest)),
    needs: 46,
    stop: 0,
  },
  {
    name: 'ipv6 tcp with traffic class and flow label',
    frame: ethernet(0x86dd, ipv6(6, tcp(0x5010), { head: '6b9abcde' })),
    needs: 74,
    stop: 0,
  },
  { name: 'icmpv6', frame: ethernet(0x86dd, ipv6(58, pingV6)), needs: 58, stop: 0 },
  {
    name: 'hop-by-hop, routing, fragment, destination options',
    frame: ethernet(
      0x86dd,
      ipv6(0, Buffer.concat([chain, fragmentHeader('3c', '0001'), extension(17, 1), udp(Buffer.alloc(8), 3000)])),
    ),
    needs: 118,
    stop: 0,
  },
  {
    name: 'later ipv6 fragment',
    frame: ethernet(0x86dd, ipv6(44, Buffer.concat([fragmentHeader('11', '05a9'), Buffer.alloc(16, 7)]))),
    needs: 62,
    stop: 0,
  },
  { name: 'ah before tcp', frame: ethernet(0x86dd, ipv6(51, Buffer.concat([ah, tcp()]))), needs: 98, stop: 0 },
  { name: 'ah over ipv4', frame: ethernet(0x0800, ipv4(51, Buffer.concat([ah, tcp()]))), needs: 78, stop: 0 },
  { name: 'no next header', frame: ethernet(0x86dd, ipv6(60, extension(59))), needs: 62, stop: 0 },
  { name: 'esp', frame: ethernet(0x0800, ipv4(50, Buffer.alloc(24, 9))), needs: 34, stop: 3 },
  { name: 'unknown protocol', frame: ethernet(0x86dd, ipv6(253, Buffer.alloc(8))), needs: 54, stop: 3 },
  { name: 'unknown ethertype', frame: ethernet(0x88b5, Buffer.alloc(46)), needs: 14, stop: 3 },
];
