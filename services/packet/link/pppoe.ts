import { type Cursor, DONE, endAt, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_PPP, ETHERTYPE_PPPOE_SESSION } from '../numbers.ts';

const HEADER_BYTES = 6;

// RFC 2516 4.
//
//   0  1  version (4 bits), type (4): both 1
//   1  1  code; 0 in a session
//   2  2  session
//   4  2  length of what follows
/** @returns that PPP follows; discovery is complete */
export function decodePppoe(cursor: Cursor, etherType: number, out: DecodedHeader): number {
  const at = take(cursor, HEADER_BYTES, Layer.pppoe, out);
  if (at < 0) return at;
  if (uint8(cursor, at) !== 0x11) return stopAt(Stop.malformed, Layer.pppoe, out);
  understood(Layer.pppoe, out);
  if (etherType !== ETHERTYPE_PPPOE_SESSION) return DONE;
  if (uint8(cursor, at + 1) !== 0) return stopAt(Stop.unsupported, Layer.ppp, out);
  endAt(cursor, at + HEADER_BYTES + uint16(cursor, at + 4));
  return ETHERTYPE_PPP;
}
