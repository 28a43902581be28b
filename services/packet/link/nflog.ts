import { type Cursor, DONE, peek, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../numbers.ts';

const FIXED_BYTES = 4;
const ENTRY_BYTES = 4;
const PAYLOAD = 9;
/** Twenty types exist; a loop over input needs an end. */
const ENTRIES_MAX = 32;

// LINKTYPE_NFLOG, https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html: what Linux's netfilter logged.
//
//   0  1  address family of Linux: 2, 10
//   1  1  version 0
//   2  2  resource
//   4  …  entries: length (2), type (2), value, padded to 4 bytes; little-endian, as such machines are. The payload is one
/** @returns the EtherType of the payload */
export function decodeNflog(cursor: Cursor, out: DecodedHeader): number {
  const head = take(cursor, FIXED_BYTES, Layer.cooked, out);
  if (head < 0) return head;
  if (uint8(cursor, head + 1) !== 0) return stopAt(Stop.unsupported, Layer.cooked, out);
  for (let count = 0; count < ENTRIES_MAX; count++) {
    const at = peek(cursor, ENTRY_BYTES, Layer.cooked, out);
    if (at < 0) return DONE;
    const bytes = swapped(uint16(cursor, at));
    if (bytes < ENTRY_BYTES) return stopAt(Stop.malformed, Layer.cooked, out);
    if ((swapped(uint16(cursor, at + 2)) & 0x7fff) === PAYLOAD) {
      cursor.position = at + ENTRY_BYTES;
      understood(Layer.cooked, out);
      return typeOfFamily(uint8(cursor, head), out);
    }
    if (take(cursor, (bytes + 3) & ~3, Layer.cooked, out) < 0) return DONE;
  }
  return stopAt(Stop.unsupported, Layer.cooked, out);
}

function typeOfFamily(family: number, out: DecodedHeader): number {
  if (family === 2) return ETHERTYPE_IPV4;
  return family === 10 ? ETHERTYPE_IPV6 : stopAt(Stop.unsupported, Layer.network, out);
}

function swapped(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}
