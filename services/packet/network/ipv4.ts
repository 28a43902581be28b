import { type Cursor, DONE, endAt, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer, resetInnermost, Stop } from '../decoded-header.ts';
import { IPPROTO_AH } from '../numbers.ts';
import { decodeAuthentication } from './authentication.ts';
import { copyIpv4Address } from './ip-address.ts';

const FIXED_BYTES = 20;
const MORE_FRAGMENTS = 0x2000;
/** That bit or an offset. */
const FRAGMENT = 0x3fff;

// RFC 791 3.1; the second byte RFC 2474 3 and RFC 3168 5.
//
//   0  1  version (4 bits), header length in 32-bit words (4)
//   1  1  DSCP (6), ECN (2)
//   2  2  total length, header included; 0 in buffers that the kernel or the card will segment (TSO)
//   4  2  identification
//   6  2  reserved (1), don't fragment (1), more fragments (1), fragment offset in 8 bytes (13)
//   8  1  time to live
//   9  1  protocol
//  10  2  header checksum, not checked: offload leaves it for the card
//  12  4  source
//  16  4  destination
//  20  …  options up to the header length
/** @returns the protocol of the payload */
export function decodeIpv4(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, FIXED_BYTES, Layer.ipv4, out);
  if (at < 0) return at;
  const headerBytes = (uint8(cursor, at) & 0x0f) * 4;
  if (uint8(cursor, at) >> 4 !== 4 || headerBytes < FIXED_BYTES) return stopAt(Stop.malformed, Layer.ipv4, out);
  const totalBytes = uint16(cursor, at + 2) || cursor.wireEnd - at;
  if (totalBytes < headerBytes) return stopAt(Stop.malformed, Layer.ipv4, out);
  if (out.tunnelDepth > 0) resetInnermost(out);
  out.dscp = uint8(cursor, at + 1) >> 2;
  out.ecn = uint8(cursor, at + 1) & 3;
  if (out.ipBytes === 0) out.ipBytes = totalBytes;
  const fragment = uint16(cursor, at + 6);
  if (fragment & FRAGMENT) out.fields |= 1 << Field.fragment;
  out.moreFragments = (fragment & MORE_FRAGMENTS) !== 0;
  out.fragmentOffset = (fragment & 0x1fff) * 8;
  out.ttl = uint8(cursor, at + 8);
  out.protocol = uint8(cursor, at + 9);
  copyIpv4Address(cursor, at + 12, out.srcAddress);
  copyIpv4Address(cursor, at + 16, out.dstAddress);
  out.fields |= 1 << Field.addresses;
  cursor.behindAh = false;
  endAt(cursor, at + totalBytes);
  if (take(cursor, headerBytes - FIXED_BYTES, Layer.ipv4, out) < 0) return DONE;
  understood(Layer.ipv4, out);
  if (out.fragmentOffset > 0) return DONE;
  return out.protocol === IPPROTO_AH ? decodeAuthentication(cursor, out) : out.protocol;
}
