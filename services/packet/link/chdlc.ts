import { type Cursor, stopAt, take, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_MIN } from '../numbers.ts';

const HEADER_BYTES = 4;

// Cisco HDLC, as RFC 1547 4.3.1 describes it.
//
//   0  1  address: 0x0f unicast, 0x8f broadcast
//   1  1  control: 0
//   2  2  EtherType, or a number of Cisco's own
/** @returns the EtherType */
export function decodeChdlc(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, HEADER_BYTES, Layer.cooked, out);
  if (at < 0) return at;
  understood(Layer.cooked, out);
  const type = uint16(cursor, at + 2);
  return type >= ETHERTYPE_MIN ? type : stopAt(Stop.unsupported, Layer.network, out);
}
