import { type Cursor, DONE, stopAt, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { keepPayload, readPorts } from './ports.ts';

const HEADER_BYTES = 8;

// RFC 3828 3.1.
//
//   0  2  source port
//   2  2  destination port
//   4  2  bytes that the checksum covers, header included; 0 for all
//   6  2  checksum
export function decodeUdpLite(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = readPorts(cursor, HEADER_BYTES, Layer.udpLite, out);
  if (at < 0) return DONE;
  const coverage = uint16(cursor, at + 4);
  const tooLong = at + coverage > cursor.ipEnd && !out.moreFragments;
  if ((coverage > 0 && coverage < HEADER_BYTES) || tooLong) return stopAt(Stop.malformed, Layer.udpLite, out);
  understood(Layer.udpLite, out);
  keepPayload(cursor, at + HEADER_BYTES, out);
  return DONE;
}
