import { type Cursor, DONE, int32, stopAt, take, uint8, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';

const FIXED_BYTES = 12;

// RFC 4302 2. What it protects stays readable.
//
//   0  1  next header
//   1  1  length in 32-bit words, less 2 (not in 8 bytes as in other IPv6 extension headers)
//   2  2  reserved
//   4  4  security parameters index
//   8  4  sequence number
//  12  …  integrity check value
/** An IP packet as payload makes it a tunnel, see tunnel/ip-in-ip.ts. @returns the protocol of the payload */
export function decodeAuthentication(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, FIXED_BYTES, Layer.ah, out);
  if (at < 0) return at;
  const bytes = (uint8(cursor, at + 1) + 2) * 4;
  if (bytes < FIXED_BYTES) return stopAt(Stop.malformed, Layer.ah, out);
  out.protocol = uint8(cursor, at);
  if (take(cursor, bytes - FIXED_BYTES, Layer.ah, out) < 0) return DONE;
  cursor.behindAh = true;
  cursor.ahSpi = int32(cursor, at + 4);
  understood(Layer.ah, out);
  return out.protocol;
}
