import { type Cursor, DONE, peek, uint8 } from '../cursor.ts';
import { type DecodedHeader, Layer, MPLS_LABELS_MAX, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_MPLS } from '../numbers.ts';
import { IP_LENGTH_BYTES, ipLength } from './ip-length.ts';
import { enterTunnel } from './tunnel.ts';

const ENTRY_BYTES = 4;

// RFC 7510: the label stack is all there is behind the UDP header, so only what is below it can tell that it is one: an
// IP header whose length ends where the datagram does, or before.
/** @returns that MPLS follows; DONE for a payload that is none */
export function decodeMplsInUdp(cursor: Cursor, out: DecodedHeader): number {
  const room = cursor.ipEnd - cursor.position;
  for (let count = 1; count <= MPLS_LABELS_MAX; count++) {
    const stackBytes = count * ENTRY_BYTES;
    if (stackBytes + IP_LENGTH_BYTES > room) return DONE;
    const at = peek(cursor, stackBytes, Layer.mpls, out);
    if (at < 0) return DONE;
    if (uint8(cursor, at + stackBytes - 2) & 1) return decodeBelow(cursor, stackBytes, out);
  }
  return DONE;
}

function decodeBelow(cursor: Cursor, stackBytes: number, out: DecodedHeader): number {
  const at = peek(cursor, stackBytes + IP_LENGTH_BYTES, Layer.mpls, out);
  if (at < 0) return DONE;
  const bytes = ipLength(cursor, at + stackBytes);
  if (bytes === 0 || at + stackBytes + bytes > cursor.ipEnd) return DONE;
  // Its number is the label at the bottom, which decodeMpls() will find.
  return enterTunnel(Tunnel.mplsUdp, Layer.mpls, out) ? ETHERTYPE_MPLS : DONE;
}
