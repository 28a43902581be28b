import { type Cursor, DONE, peek, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_IPV6 } from '../numbers.ts';
import { IP_LENGTH_BYTES, ipLength } from './ip-length.ts';
import { enterTunnel } from './tunnel.ts';

const IPV6_BYTES = 40;
const AUTHENTICATION = 1;
const AUTHENTICATION_FIXED_BYTES = 13;
const ORIGIN = 0;
const ORIGIN_BYTES = 8;

// RFC 4380 5.1.1: up to two indications, then an IPv6 packet.
//
// authentication                            origin
//   0  2  1                                   0  2  0
//   2  1  bytes of the client identifier      2  2  port, inverted
//   3  1  bytes of the value                  4  4  IPv4 address, inverted
//   4  …  both
//   …  8  nonce
//   …  1  confirmation
/** @returns that IPv6 follows; DONE for a payload that is no Teredo */
export function decodeTeredo(cursor: Cursor, out: DecodedHeader): number {
  if (cursor.ipEnd - cursor.position < IPV6_BYTES) return DONE;
  let at = peek(cursor, IP_LENGTH_BYTES, Layer.teredo, out);
  if (at < 0) return DONE;
  if (uint16(cursor, at) === AUTHENTICATION) {
    const bytes = AUTHENTICATION_FIXED_BYTES + uint8(cursor, at + 2) + uint8(cursor, at + 3);
    if (take(cursor, bytes, Layer.teredo, out) < 0) return DONE;
    at = peek(cursor, IP_LENGTH_BYTES, Layer.teredo, out);
    if (at < 0) return DONE;
  }
  if (uint16(cursor, at) === ORIGIN) {
    if (take(cursor, ORIGIN_BYTES, Layer.teredo, out) < 0) return DONE;
    at = peek(cursor, IP_LENGTH_BYTES, Layer.teredo, out);
    if (at < 0) return DONE;
  }
  if (uint8(cursor, at) >> 4 !== 6 || at + ipLength(cursor, at) > cursor.ipEnd) return DONE;
  if (!enterTunnel(Tunnel.teredo, Layer.teredo, out)) return DONE;
  understood(Layer.teredo, out);
  return ETHERTYPE_IPV6;
}
