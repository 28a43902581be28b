import { type Cursor, DONE, stopAt, take, uint16, understood } from './cursor.ts';
import { type DecodedHeader, Layer, Stop } from './decoded-header.ts';

const PORTS_BYTES = 4;
const HEADER_BYTES = 8;

// RFC 768; length 0 RFC 2675 4.
//
//   0  2  source port
//   2  2  destination port
//   4  2  length, header included; 0 in jumbograms
//   6  2  checksum
export function decodeUdp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = take(cursor, PORTS_BYTES, Layer.udp, out);
  if (at < 0) return DONE;
  out.srcPort = uint16(cursor, at);
  out.dstPort = uint16(cursor, at + 2);
  if (take(cursor, HEADER_BYTES - PORTS_BYTES, Layer.udp, out) < 0) return DONE;
  const payloadBytes = cursor.ipEnd - at;
  const bytes = uint16(cursor, at + 4);
  const tooShort = bytes === 0 ? payloadBytes <= 0xffff : bytes < HEADER_BYTES;
  // The length is that of the whole datagram; a first fragment carries only its beginning.
  const tooLong = bytes > payloadBytes && !out.moreFragments;
  if (tooShort || tooLong) return stopAt(Stop.malformed, Layer.udp, out);
  understood(Layer.udp, out);
  return DONE;
}
