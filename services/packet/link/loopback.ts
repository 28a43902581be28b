import { type Cursor, int32, peek, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../numbers.ts';
import { decodeChdlc } from './chdlc.ts';

const FAMILY_BYTES = 4;

// LINKTYPE_NULL: an address family of the machine that captured, in its byte order; LINKTYPE_LOOP: in network order.
// Families are small numbers, so the bytes tell which it is. Captures of Cisco HDLC that say NULL exist.
/** @returns the EtherType */
export function decodeLoopback(cursor: Cursor, out: DecodedHeader): number {
  const at = peek(cursor, FAMILY_BYTES, Layer.cooked, out);
  if (at < 0) return at;
  const head = uint16(cursor, at);
  if ((head === 0x0f00 || head === 0x8f00) && uint16(cursor, at + 2) !== 0) return decodeChdlc(cursor, out);
  take(cursor, FAMILY_BYTES, Layer.cooked, out);
  const big = int32(cursor, at) >>> 0;
  understood(Layer.cooked, out);
  switch (big <= 0xff ? big : big & 0xffffff ? 0 : uint8(cursor, at)) {
    case 2:
      return ETHERTYPE_IPV4;
    // AF_INET6 of Linux; Windows; NetBSD, OpenBSD; FreeBSD; macOS.
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
      return ETHERTYPE_IPV6;
    default:
      return stopAt(Stop.unsupported, Layer.network, out);
  }
}
