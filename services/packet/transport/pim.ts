import { type Cursor, DONE, take, understood } from '../cursor.ts';
import { type DecodedHeader, Layer } from '../decoded-header.ts';

const HEADER_BYTES = 4;

// RFC 7761 4.9. The packet in a Register message is the router's, not the sender's: it is not entered.
//
//   0  1  version (4 bits), type (4)
//   1  1  reserved
//   2  2  checksum
export function decodePim(cursor: Cursor, out: DecodedHeader): typeof DONE {
  if (take(cursor, HEADER_BYTES, Layer.pim, out) >= 0) understood(Layer.pim, out);
  return DONE;
}
