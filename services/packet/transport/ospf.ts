import { type Cursor, DONE, take, understood } from '../cursor.ts';
import { type DecodedHeader, Layer } from '../decoded-header.ts';

const HEADER_BYTES = 16;

// RFC 2328 A.3.1, RFC 5340 A.3.1, what versions 2 and 3 share.
//
//   0  1  version
//   1  1  type
//   2  2  length
//   4  4  router
//   8  4  area
//  12  2  checksum
//  14  2  version 2: authentication type; version 3: instance, reserved
export function decodeOspf(cursor: Cursor, out: DecodedHeader): typeof DONE {
  if (take(cursor, HEADER_BYTES, Layer.ospf, out) >= 0) understood(Layer.ospf, out);
  return DONE;
}
