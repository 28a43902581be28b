// Decodes the headers of one packet from the outside in: link → EtherType → network → IP protocol → transport, and again
// for each tunnel. Each protocol has a file; its reader returns what follows or DONE. Nothing here allocates, throws or
// loops without a bound.

import { type Cursor, closeCursor, createCursor, DONE, openCursor, stopAt, take, uint8 } from './cursor.ts';
import { clearAddresses, type DecodedHeader, Layer, resetDecodedHeader, Stop } from './decoded-header.ts';
import { decodeChdlc } from './link/chdlc.ts';
import { decodeLinuxSll, decodeLinuxSll2 } from './link/cooked.ts';
import { decodeEthernet } from './link/ethernet.ts';
import { decodeLinkHeaders, keepType } from './link/link-headers.ts';
import { decodeLoopback } from './link/loopback.ts';
import { decodeNflog } from './link/nflog.ts';
import { decodePpp } from './link/ppp.ts';
import { decodeArp } from './network/arp.ts';
import { decodeIpv4 } from './network/ipv4.ts';
import { decodeIpv6 } from './network/ipv6.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_RARP } from './numbers.ts';
import { decodeTransport } from './transport/transport.ts';
import { TUNNELS_MAX } from './tunnel/tunnel.ts';
import { createTunnelPorts } from './tunnel/tunnel-ports.ts';

export { createDecodedHeader, type DecodedHeader, Field, Layer, Stop, Tunnel } from './decoded-header.ts';
export { createTunnelPorts, type TunnelPortOptions } from './tunnel/tunnel-ports.ts';

/** Goes up with every change of what a given header decodes to: decoded samples carry it. */
export const decoderVersion = 2;

/** `null` is the loopback of BSD, with the family in either byte order. */
export type LinkType = 'ethernet' | 'ip' | 'linux-sll' | 'linux-sll2' | 'null' | 'ppp' | 'chdlc' | 'nflog';

const cursor = createCursor();
const assignedPorts = createTunnelPorts();

/**
 * Fills `out` with what the bytes say; nothing of its former content stays.
 * @param length captured bytes from `offset`
 * @param linkType what the bytes start with
 * @param etherType for 'ip': what the capture says they are; a value that is neither IPv4 nor IPv6 leaves it to the version
 * @param frameBytes length of the frame on the wire: tells a capture that was cut from a frame that is too short
 * @param ports UDP ports of tunnels, of createTunnelPorts()
 */
export function decodeHeader(
  header: Buffer,
  offset: number,
  length: number,
  linkType: LinkType,
  etherType: number,
  frameBytes: number,
  out: DecodedHeader,
  ports: Uint8Array = assignedPorts,
): void {
  resetDecodedHeader(out);
  openCursor(cursor, header, offset, length, frameBytes, ports);
  let type = linkType === 'ethernet' ? decodeEthernet(cursor, out) : decodeOtherLink(cursor, linkType, etherType, out);
  // The packet itself and what its tunnels carry: enterTunnel() keeps count, this is the bound one can see.
  for (let packets = 0; type !== DONE && packets <= TUNNELS_MAX; packets++) {
    const protocol = decodeNetwork(cursor, type, out);
    if (protocol === DONE) break;
    type = decodeTransport(cursor, protocol, out);
  }
  clearAddresses(out);
  closeCursor(cursor);
}

/** @returns the EtherType of what follows */
function decodeOtherLink(cursor: Cursor, linkType: LinkType, etherType: number, out: DecodedHeader): number {
  switch (linkType) {
    case 'linux-sll':
      return decodeLinuxSll(cursor, out);
    case 'linux-sll2':
      return decodeLinuxSll2(cursor, out);
    case 'null':
      return decodeLoopback(cursor, out);
    case 'ppp':
      return decodePpp(cursor, out);
    case 'nflog':
      return decodeNflog(cursor, out);
    case 'chdlc':
      return decodeChdlc(cursor, out);
    default:
      return guessIpType(cursor, etherType, out);
  }
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
  let type = etherType;
  if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) keepType(cursor, type, out);
  else type = decodeLinkHeaders(cursor, type, out);
  if (type === DONE) return DONE;
  // Until an IP header is read, its frame is the whole.
  if (out.ipBytes === 0) out.l2Bytes = cursor.position - cursor.start;
  switch (type) {
    case ETHERTYPE_IPV4:
      return decodeIpv4(cursor, out);
    case ETHERTYPE_IPV6:
      return decodeIpv6(cursor, out);
    case ETHERTYPE_ARP:
    case ETHERTYPE_RARP:
      return decodeArp(cursor, out);
    default:
      return stopAt(Stop.unsupported, Layer.network, out);
  }
}
