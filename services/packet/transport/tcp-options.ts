import { type Cursor, uint8, uint16 } from '../cursor.ts';
import { type DecodedHeader, Field } from '../decoded-header.ts';

const END = 0;
const NO_OPERATION = 1;
const MAXIMUM_SEGMENT_SIZE = 2;

// RFC 9293 3.2: kind (1), length (1), content; kinds 0 and 1 have neither length nor content. At most 40 bytes, so the
// data offset is the bound.
/** Broken options are skipped: TCP itself drops or ignores them. */
export function readMaximumSegmentSize(cursor: Cursor, start: number, end: number, out: DecodedHeader): void {
  const readable = Math.min(end, cursor.capturedEnd, cursor.wireEnd);
  for (let at = start; at + 1 < readable; ) {
    const kind = uint8(cursor, at);
    if (kind === END) return;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    const bytes = uint8(cursor, at + 1);
    if (bytes < 2) return;
    if (kind === MAXIMUM_SEGMENT_SIZE && bytes === 4 && at + 4 <= readable) {
      out.tcpMss = uint16(cursor, at + 2);
      out.fields |= 1 << Field.mss;
      return;
    }
    at += bytes;
  }
}
