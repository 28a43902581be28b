import { type Cursor, DONE, stopAt, take, uint8, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MPLS, ETHERTYPE_MPLS_UPSTREAM } from '../numbers.ts';

const ALL_STATIONS = 0xff;
const UNNUMBERED_INFORMATION = 0x03;
/** IANA PPP DLL Protocol Numbers; from here on they are network and link control. */
const CONTROL_MIN = 0x8000;

// RFC 1661 2, framing RFC 1662 3.1.
//
//   0  2  address 0xff, control 0x03; PPPoE and L2TP leave them out, others may
//   …  2  protocol; one byte when that is odd and its upper byte 0 (protocol field compression)
/** @returns the EtherType of the protocol; control protocols are complete */
export function decodePpp(cursor: Cursor, out: DecodedHeader): number {
  let at = take(cursor, 1, Layer.ppp, out);
  if (at < 0) return at;
  if (uint8(cursor, at) === ALL_STATIONS) {
    at = take(cursor, 2, Layer.ppp, out);
    if (at < 0) return at;
    if (uint8(cursor, at) !== UNNUMBERED_INFORMATION) return stopAt(Stop.unsupported, Layer.ppp, out);
    at++;
  }
  let protocol = uint8(cursor, at);
  if ((protocol & 1) === 0) {
    at = take(cursor, 1, Layer.ppp, out);
    if (at < 0) return at;
    protocol = (protocol << 8) | uint8(cursor, at);
  }
  understood(Layer.ppp, out);
  switch (protocol) {
    case 0x0021:
      return ETHERTYPE_IPV4;
    case 0x0057:
      return ETHERTYPE_IPV6;
    case 0x0281:
      return ETHERTYPE_MPLS;
    case 0x0283:
      return ETHERTYPE_MPLS_UPSTREAM;
    default:
      return protocol >= CONTROL_MIN ? DONE : stopAt(Stop.unsupported, Layer.network, out);
  }
}
