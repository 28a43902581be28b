// Packets with known addresses, ports and lengths for tests. Lengths and checksums of IPv4 are true, so that an
// independent dissector has nothing to complain about.

import { isIPv4 } from 'node:net';
import { internetChecksum } from './pcap.ts';

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;

export interface PacketOptions {
  source: string;
  destination: string;
  protocol: 'tcp' | 'udp' | 'icmp';
  sourcePort?: number;
  destinationPort?: number;
  /** Bytes behind the transport header. */
  payloadBytes: number;
}

/** An IPv4 or IPv6 packet, by its addresses. ICMP is an echo request. */
export function ipPacket(options: PacketOptions): Buffer {
  const v4 = isIPv4(options.source);
  const body = transport(options, v4);
  const protocol = { tcp: TCP, udp: UDP, icmp: v4 ? ICMP : ICMPV6 }[options.protocol];
  return v4 ? ipv4(options, protocol, body) : ipv6(options, protocol, body);
}

/** An Ethernet frame without FCS around it. */
export function ethernetFrame(packet: Buffer, vlan?: number): Buffer {
  const etherType = packet[0]! >>> 4 === 4 ? '0800' : '86dd';
  const tag = vlan === undefined ? '' : `8100${vlan.toString(16).padStart(4, '0')}`;
  return Buffer.concat([Buffer.from(`02000000000b02000000000a${tag}${etherType}`, 'hex'), packet]);
}

function transport(options: PacketOptions, v4: boolean): Buffer {
  const payload = Buffer.alloc(options.payloadBytes, 0x61);
  if (options.protocol === 'icmp') {
    const echo = Buffer.alloc(8);
    echo[0] = v4 ? 8 : 128;
    return Buffer.concat([echo, payload]);
  }
  const header = Buffer.alloc(options.protocol === 'tcp' ? 20 : 8);
  header.writeUInt16BE(options.sourcePort ?? 0, 0);
  header.writeUInt16BE(options.destinationPort ?? 0, 2);
  if (options.protocol === 'tcp') {
    header.writeUInt16BE(0x5010, 12); // five words, ACK
    header.writeUInt16BE(0xffff, 14);
  } else {
    header.writeUInt16BE(8 + payload.length, 4);
  }
  return Buffer.concat([header, payload]);
}

function ipv4(options: PacketOptions, protocol: number, body: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(0x4500, 0);
  header.writeUInt16BE(20 + body.length, 2);
  header[8] = 64;
  header[9] = protocol;
  addressBytes(options.source).copy(header, 12, 12);
  addressBytes(options.destination).copy(header, 16, 12);
  header.writeUInt16BE(internetChecksum(header), 10);
  return Buffer.concat([header, body]);
}

function ipv6(options: PacketOptions, protocol: number, body: Buffer): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(body.length, 4);
  header[6] = protocol;
  header[7] = 64;
  addressBytes(options.source).copy(header, 8);
  addressBytes(options.destination).copy(header, 24);
  return Buffer.concat([header, body]);
}

/** 16 bytes, IPv4 mapped. */
export function addressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from([...Buffer.alloc(10), 0xff, 0xff, ...text.split('.').map(Number)]);
  const [head = '', tail] = text.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const left = words(head);
  const right = words(tail ?? '');
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((word) => [word >>> 8, word & 255]));
}
