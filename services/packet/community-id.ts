// Community ID v1, by which Zeek, Suricata, Wireshark and others call a flow: one identifier for both directions.
// https://github.com/corelight/community-id-spec

import { hash } from 'node:crypto';
import { type DecodedHeader, Field, Layer } from './decoded-header.ts';

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMPV6 = 58;
const SCTP = 132;

/** Message types that answer one another, as Zeek pairs them. */
const icmpPairs = pairs([8, 0], [13, 14], [15, 16], [10, 9], [17, 18]);
const icmpv6Pairs = pairs([128, 129], [130, 131], [133, 134], [135, 136], [139, 140], [144, 145]);

//   0  2  seed
//   2  …  smaller address and port first: address, address (4 or 16 bytes each)
//   …  1  protocol
//   …  1  0
//   …  4  port, port; for ICMP type and the type that answers, or else the code. Other protocols end before it.
const input = Buffer.alloc(40);

/**
 * Of the innermost packet. ICMP errors and other one-way messages keep their direction.
 * @returns empty without IP, and where the ports are in another fragment or were cut
 */
export function communityId(header: DecodedHeader, seed = 0): string {
  const { fields, protocol, srcAddress, dstAddress } = header;
  if (!(fields & (1 << Field.addresses)) || header.stopLayer === Layer.arp) return '';
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  const hasPorts = isIcmp || protocol === TCP || protocol === UDP || protocol === SCTP;
  if (hasPorts && !(fields & (1 << (isIcmp ? Field.icmp : Field.ports)))) return '';
  const reply = isIcmp ? (protocol === ICMP ? icmpPairs : icmpv6Pairs)[header.icmpType] : undefined;
  const sourcePort = isIcmp ? header.icmpType : header.srcPort;
  const destinationPort = isIcmp ? (reply ?? header.icmpCode) : header.dstPort;
  const isOneWay = isIcmp && reply === undefined;
  const order = srcAddress.compare(dstAddress);
  const swap = !isOneWay && (order > 0 || (order === 0 && hasPorts && sourcePort > destinationPort));
  input.writeUInt16BE(seed, 0);
  let at = writeAddress(2, swap ? dstAddress : srcAddress);
  at = writeAddress(at, swap ? srcAddress : dstAddress);
  at = input.writeUInt16BE(protocol << 8, at);
  if (hasPorts) {
    at = input.writeUInt16BE(swap ? destinationPort : sourcePort, at);
    at = input.writeUInt16BE(swap ? sourcePort : destinationPort, at);
  }
  return `1:${hash('sha1', input.subarray(0, at), 'base64')}`;
}

function writeAddress(at: number, address: Buffer): number {
  return at + address.copy(input, at, isMapped(address) ? 12 : 0);
}

function isMapped(address: Buffer): boolean {
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

function pairs(...both: [number, number][]): (number | undefined)[] {
  const replies: (number | undefined)[] = [];
  for (const [request, reply] of both) {
    replies[request] = reply;
    replies[reply] = request;
  }
  return replies;
}
