import { type Cursor, DONE, take, understood } from '../cursor.ts';
import { type DecodedHeader, Layer } from '../decoded-header.ts';

const HEADER_BYTES = 8;

// RFC 9776 4 and before, what all versions share. That it is IGMP is all that is kept.
//
//   0  1  type
//   1  1  maximum response time
//   2  2  checksum
//   4  4  group address; in version 3 reports a number of records
export function decodeIgmp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  if (take(cursor, HEADER_BYTES, Layer.igmp, out) >= 0) understood(Layer.igmp, out);
  return DONE;
}
