import { type Cursor, endAt, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer, resetInnermost, Stop } from '../decoded-header.ts';
import { IPPROTO_HOPOPTS, IPPROTO_NONE } from '../numbers.ts';
import { copyIpv6Address } from './ip-address.ts';
import { decodeIpv6Extensions } from './ipv6-extensions.ts';
import { jumboPayloadBytes } from './jumbogram.ts';

const HEADER_BYTES = 40;
/** No buffer ends behind it, and V8 keeps numbers up to it without memory of their own: jumbograms can say more. */
const FAR = 0x3fff_ffff;

// RFC 8200 3; traffic class RFC 2474 3 and RFC 3168 5.
//
//   0  4  version (4 bits), DSCP (6), ECN (2), flow label (20)
//   4  2  payload length, extension headers included; 0 in jumbograms (RFC 2675) and BIG TCP buffers
//   6  1  next header
//   7  1  hop limit
//   8 16  source
//  24 16  destination
/** @returns the protocol behind the extension headers */
export function decodeIpv6(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, HEADER_BYTES, Layer.ipv6, out);
  if (at < 0) return at;
  const head = uint16(cursor, at);
  if (head >> 12 !== 6) return stopAt(Stop.malformed, Layer.ipv6, out);
  if (out.tunnelDepth > 0) resetInnermost(out);
  out.dscp = (head >> 6) & 0x3f;
  out.ecn = (head >> 4) & 3;
  out.flowLabel = ((head & 0x0f) << 16) | uint16(cursor, at + 2);
  const payloadBytes = uint16(cursor, at + 4);
  out.protocol = uint8(cursor, at + 6);
  // Without a next header, 0 means what it says, and what the frame has more is padding.
  const lengthLeftOut = payloadBytes === 0 && out.protocol !== IPPROTO_NONE;
  out.ttl = uint8(cursor, at + 7);
  copyIpv6Address(cursor, at + 8, out.srcAddress);
  copyIpv6Address(cursor, at + 24, out.dstAddress);
  out.fields |= 1 << Field.addresses;
  const totalBytes = lengthLeftOut ? wholeLength(cursor, at, out) : HEADER_BYTES + payloadBytes;
  if (out.ipBytes === 0) out.ipBytes = totalBytes;
  cursor.behindAh = false;
  endAt(cursor, Math.min(at + totalBytes, FAR));
  understood(Layer.ipv6, out);
  return decodeIpv6Extensions(cursor, out);
}

/** By the jumbo payload option, or else all there is: BIG TCP buffers before Linux had the option. */
function wholeLength(cursor: Cursor, at: number, out: DecodedHeader): number {
  const jumbo = out.protocol === IPPROTO_HOPOPTS ? jumboPayloadBytes(cursor, cursor.position) : 0;
  return jumbo > 0 ? HEADER_BYTES + jumbo : cursor.wireEnd - at;
}
