// Decodes the headers of one packet from the outside in: link → EtherType → network → IP protocol → transport. Each
// protocol has a file; its reader returns what follows or DONE. Nothing here allocates, throws or loops without a bound.

import { decodeArp } from './arp.ts';
import { type Cursor, closeCursor, createCursor, DONE, openCursor, stopAt, take, uint8 } from './cursor.ts';
import { type DecodedHeader, Layer, resetDecodedHeader, Stop } from './decoded-header.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeIcmp } from './icmp.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_MIN,
  IPPROTO_ESP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from './numbers.ts';
import { decodeTcp } from './tcp.ts';
import { decodeUdp } from './udp.ts';
import { decodeVlanTags } from './vlan.ts';

export { createDecodedHeader, type DecodedHeader, Layer, Stop } from './decoded-header.ts';

/** Goes up with every change of what a given header decodes to: decoded samples carry it. */
export const decoderVersion = 1;

export type LinkType = 'ethernet' | 'ip';

const cursor = createCursor();

/**
 * Fills `out` with what the bytes say; nothing of its former content stays.
 * @param length captured bytes from `offset`
 * @param linkType what the bytes start with
 * @param etherType for 'ip': what the capture says they are; a value that is neither IPv4 nor IPv6 leaves it to the version
 * @param frameBytes length of the frame on the wire: tells a capture that was cut from a frame that is too short
 */
export function decodeHeader(
  header: Buffer,
  offset: number,
  length: number,
  linkType: LinkType,
  etherType: number,
  frameBytes: number,
  out: DecodedHeader,
): void {
  resetDecodedHeader(out);
  openCursor(cursor, header, offset, length, frameBytes);
  const type = linkType === 'ethernet' ? decodeLink(cursor, out) : guessIpType(cursor, etherType, out);
  if (type !== DONE) {
    out.l2Bytes = cursor.position - offset;
    const protocol = decodeNetwork(cursor, type, out);
    if (protocol !== DONE) decodeTransport(cursor, protocol, out);
  }
  closeCursor(cursor);
}

function decodeLink(cursor: Cursor, out: DecodedHeader): number {
  const type = decodeEthernet(cursor, out);
  return type === DONE ? DONE : decodeVlanTags(cursor, type, out);
}

function guessIpType(cursor: Cursor, etherType: number, out: DecodedHeader): number {
  if (etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6) return etherType;
  const at = take(cursor, 1, Layer.network, out);
  if (at < 0) return DONE;
  // Only looked at: the header starts here.
  cursor.position = at;
  const version = uint8(cursor, at) >> 4;
  return version === 4 ? ETHERTYPE_IPV4 : version === 6 ? ETHERTYPE_IPV6 : etherType;
}

/** @returns the IP protocol that follows */
function decodeNetwork(cursor: Cursor, etherType: number, out: DecodedHeader): number {
  // A length is no type, and as a part of flow keys it would make a flow of every packet size.
  if (etherType < ETHERTYPE_MIN) return stopAt(Stop.unsupported, Layer.llc, out);
  out.etherType = etherType;
  switch (etherType) {
    case ETHERTYPE_IPV4:
      return decodeIpv4(cursor, out);
    case ETHERTYPE_IPV6:
      return decodeIpv6(cursor, out);
    case ETHERTYPE_ARP:
      return decodeArp(cursor, out);
    default:
      return stopAt(Stop.unsupported, Layer.network, out);
  }
}

function decodeTransport(cursor: Cursor, protocol: number, out: DecodedHeader): number {
  switch (protocol) {
    case IPPROTO_TCP:
      return decodeTcp(cursor, out);
    case IPPROTO_UDP:
      return decodeUdp(cursor, out);
    case IPPROTO_ICMP:
      return decodeIcmp(cursor, Layer.icmp, out);
    case IPPROTO_ICMPV6:
      return decodeIcmp(cursor, Layer.icmpv6, out);
    case IPPROTO_ESP:
      return stopAt(Stop.unsupported, Layer.esp, out);
    default:
      return stopAt(Stop.unsupported, Layer.transport, out);
  }
}
