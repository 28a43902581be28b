import { type Cursor, DONE, take, understood } from '../cursor.ts';
import { type DecodedHeader, Layer } from '../decoded-header.ts';

const HEADER_BYTES = 8;

// RFC 9568 5, RFC 3768 5.1, what versions 2 and 3 share.
//
//   0  1  version (4 bits), type (4)
//   1  1  virtual router
//   2  1  priority
//   3  1  number of addresses
//   4  4  timers or authentication type, checksum
export function decodeVrrp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  if (take(cursor, HEADER_BYTES, Layer.vrrp, out) >= 0) understood(Layer.vrrp, out);
  return DONE;
}
