import { type Cursor, DONE, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MPLS, ETHERTYPE_NSH, ETHERTYPE_TEB } from '../numbers.ts';

const FIXED_BYTES = 8;

// RFC 8300 2.2: what a packet has to pass on its way.
//
//   0  2  version (2 bits), OAM (1), unassigned (1), TTL (6), length in 4 bytes, all included (6)
//   2  1  unassigned (4 bits), metadata type (4)
//   3  1  next protocol
//   4  4  service path (24 bits), service index (8)
//   8  …  metadata
/** @returns the EtherType of what follows */
export function decodeNsh(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, FIXED_BYTES, Layer.nsh, out);
  if (at < 0) return at;
  const head = uint16(cursor, at);
  if (head >> 14 !== 0) return stopAt(Stop.unsupported, Layer.nsh, out);
  const bytes = (head & 0x3f) * 4;
  if (bytes < FIXED_BYTES) return stopAt(Stop.malformed, Layer.nsh, out);
  if (take(cursor, bytes - FIXED_BYTES, Layer.nsh, out) < 0) return DONE;
  understood(Layer.nsh, out);
  return typeOfNextProtocol(uint8(cursor, at + 3), out);
}

/** IANA NSH Next Protocol, which VXLAN-GPE shares. */
export function typeOfNextProtocol(next: number, out: DecodedHeader): number {
  switch (next) {
    case 1:
      return ETHERTYPE_IPV4;
    case 2:
      return ETHERTYPE_IPV6;
    case 3:
      return ETHERTYPE_TEB;
    case 4:
      return ETHERTYPE_NSH;
    case 5:
      return ETHERTYPE_MPLS;
    default:
      return stopAt(Stop.unsupported, Layer.network, out);
  }
}
