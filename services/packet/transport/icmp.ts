import { type Cursor, DONE, take, uint8, understood } from '../cursor.ts';
import { type DecodedHeader, Field } from '../decoded-header.ts';

const FIXED_BYTES = 4;

// RFC 792 and RFC 4443 2.1: the part that all messages share. A quoted packet in an error is not decoded: it is no
// traffic of its own.
//
//   0  1  type
//   1  1  code
//   2  2  checksum
/** @param layer ICMP or ICMPv6: they differ in the meaning of the numbers only */
export function decodeIcmp(cursor: Cursor, layer: number, out: DecodedHeader): typeof DONE {
  const at = take(cursor, FIXED_BYTES, layer, out);
  if (at < 0) return DONE;
  out.icmpType = uint8(cursor, at);
  out.icmpCode = uint8(cursor, at + 1);
  out.fields |= 1 << Field.icmp;
  understood(layer, out);
  return DONE;
}
