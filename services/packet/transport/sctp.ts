import { type Cursor, DONE, understood } from '../cursor.ts';
import { type DecodedHeader, Layer } from '../decoded-header.ts';
import { keepPayload, readPorts } from './ports.ts';

const HEADER_BYTES = 12;

// RFC 9260 3.1. Chunks are payload here.
//
//   0  2  source port
//   2  2  destination port
//   4  4  verification tag
//   8  4  checksum
export function decodeSctp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = readPorts(cursor, HEADER_BYTES, Layer.sctp, out);
  if (at < 0) return DONE;
  understood(Layer.sctp, out);
  keepPayload(cursor, at + HEADER_BYTES, out);
  return DONE;
}
