import { type Cursor, DONE, int32, take } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_TEB } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from '../tunnel/tunnel.ts';

const ITAG_BYTES = 4;

// Provider backbone bridges, IEEE 802.1Q-2022 9.7 (once 802.1ah): a customer's frame in a frame of the backbone.
//
//   0  4  priority (3 bits), drop eligible (1), use of customer addresses (1), reserved (3), service (24)
//   4  …  the customer's Ethernet header
/** @returns that Ethernet follows */
export function decodeItag(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, ITAG_BYTES, Layer.ethernet, out);
  if (at < 0) return DONE;
  if (!enterTunnel(Tunnel.pbb, Layer.ethernet, out)) return DONE;
  identifyTunnel(int32(cursor, at) & 0xffffff, out);
  return ETHERTYPE_TEB;
}
