import { type Cursor, DONE, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer, Stop } from '../decoded-header.ts';
import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HIP,
  IPPROTO_HOPOPTS,
  IPPROTO_MOBILITY,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
  IPPROTO_SHIM6,
} from '../numbers.ts';
import { decodeAuthentication } from './authentication.ts';

const FIXED_BYTES = 8;
/** RFC 8504 5.3 lets hosts give up after 8; twice that is still a bound. */
export const IPV6_EXTENSIONS_MAX = 16;

/** Walks the chain in the order found, also where RFC 8200 4.1 wants another one. @returns the protocol behind it */
export function decodeIpv6Extensions(cursor: Cursor, out: DecodedHeader): number {
  for (let count = 0; isExtension(out.protocol); count++) {
    if (count === IPV6_EXTENSIONS_MAX) return stopAt(Stop.unsupported, Layer.ipv6Extension, out);
    const next =
      out.protocol === IPPROTO_FRAGMENT
        ? decodeFragment(cursor, out)
        : out.protocol === IPPROTO_AH
          ? decodeAuthentication(cursor, out)
          : decodeExtension(cursor, out);
    if (next < 0) return DONE;
  }
  return out.protocol === IPPROTO_NONE ? DONE : out.protocol;
}

// ESP is none of them: behind its header everything is encrypted.
function isExtension(protocol: number): boolean {
  switch (protocol) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_FRAGMENT:
    case IPPROTO_AH:
    case IPPROTO_DSTOPTS:
    case IPPROTO_MOBILITY:
    case IPPROTO_HIP:
    case IPPROTO_SHIM6:
      return true;
    default:
      return false;
  }
}

// RFC 8200 4.3, 4.4, 4.6; RFC 6275 6.1; RFC 7401 5.1; RFC 5533 5.1; in general RFC 6564 4.
//
//   0  1  next header
//   1  1  length in 8 bytes, without the first 8
//   2  …  what the header is for
function decodeExtension(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, FIXED_BYTES, Layer.ipv6Extension, out);
  if (at < 0) return at;
  out.protocol = uint8(cursor, at);
  if (take(cursor, uint8(cursor, at + 1) * 8, Layer.ipv6Extension, out) < 0) return DONE;
  understood(Layer.ipv6Extension, out);
  return out.protocol;
}

// RFC 8200 4.5.
//
//   0  1  next header
//   1  1  reserved
//   2  2  fragment offset in 8 bytes (13 bits), reserved (2), more fragments (1)
//   4  4  identification
function decodeFragment(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, FIXED_BYTES, Layer.ipv6Fragment, out);
  if (at < 0) return at;
  out.protocol = uint8(cursor, at);
  const fragment = uint16(cursor, at + 2);
  out.fragmentOffset = fragment & 0xfff8;
  out.moreFragments = (fragment & 1) !== 0;
  out.fields |= 1 << Field.fragment;
  understood(Layer.ipv6Fragment, out);
  // What follows in a later fragment is the middle of something, whatever the next header says.
  return out.fragmentOffset > 0 ? DONE : out.protocol;
}
