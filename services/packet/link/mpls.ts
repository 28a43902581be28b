import { type Cursor, DONE, int32, peek, stopAt, take, uint8, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer, MPLS_LABELS_MAX, Stop, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../numbers.ts';
import { identifyTunnel } from '../tunnel/tunnel.ts';
import { decodePseudowire } from './pseudowire.ts';

const ENTRY_BYTES = 4;
const BOTTOM_OF_STACK = 0x100;
/** Segment routing pushes about ten; a loop over input needs an end. */
export const MPLS_STACK_MAX = 32;

// RFC 3032 2.1, one entry of the stack.
//
//   0  4  label (20 bits), traffic class (3), bottom of stack (1), TTL (8)
/** Keeps the first stack of a frame. @returns the EtherType of what is behind the last label, which nothing says */
export function decodeMpls(cursor: Cursor, out: DecodedHeader): number {
  const keep = out.mplsDepth === 0;
  for (let count = 0; count < MPLS_STACK_MAX; count++) {
    const at = take(cursor, ENTRY_BYTES, Layer.mpls, out);
    if (at < 0) return at;
    const entry = int32(cursor, at);
    if (keep && count < MPLS_LABELS_MAX) {
      out.mplsLabels[count] = entry >>> 12;
      out.mplsDepth = count + 1;
      out.fields |= 1 << Field.mpls;
    }
    if (entry & BOTTOM_OF_STACK) return decodeBelow(cursor, entry >>> 12, out);
  }
  return stopAt(Stop.unsupported, Layer.mpls, out);
}

// RFC 4928 3: routers tell IP by its first four bits, so other payloads are to start with 0 or 1.
function decodeBelow(cursor: Cursor, label: number, out: DecodedHeader): number {
  understood(Layer.mpls, out);
  const isItsTunnel = out.tunnelKind === Tunnel.mplsUdp || out.tunnelKind === Tunnel.mplsIp;
  if (isItsTunnel && !(out.fields & (1 << Field.tunnelId))) identifyTunnel(label, out);
  const at = peek(cursor, 1, Layer.network, out);
  if (at < 0) return DONE;
  const nibble = uint8(cursor, at) >> 4;
  if (nibble === 4) return ETHERTYPE_IPV4;
  if (nibble === 6) return ETHERTYPE_IPV6;
  return decodePseudowire(cursor, label, out);
}
