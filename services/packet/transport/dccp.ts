import { type Cursor, DONE, stopAt, uint8, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { keepPayload, readPorts } from './ports.ts';

const SHORT_BYTES = 12;
const LONG_BYTES = 16;

// RFC 4340 5.1.
//
//   0  2  source port
//   2  2  destination port
//   4  1  data offset in 32-bit words
//   5  1  congestion control value (4 bits), checksum coverage (4)
//   6  2  checksum
//   8  1  reserved (3 bits), type (4), extended sequence numbers (1)
//   9  …  sequence number: 3 bytes, or with that bit 1 reserved and 6
export function decodeDccp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = readPorts(cursor, SHORT_BYTES, Layer.dccp, out);
  if (at < 0) return DONE;
  const headerBytes = uint8(cursor, at + 4) * 4;
  const least = uint8(cursor, at + 8) & 1 ? LONG_BYTES : SHORT_BYTES;
  const tooLong = at + headerBytes > cursor.ipEnd && !out.moreFragments;
  if (headerBytes < least || tooLong) return stopAt(Stop.malformed, Layer.dccp, out);
  understood(Layer.dccp, out);
  keepPayload(cursor, at + headerBytes, out);
  return DONE;
}
