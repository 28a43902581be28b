import { type Cursor, int32, take, uint16, uint48, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer } from '../decoded-header.ts';

const ETHERNET_BYTES = 14;

// Ethernet II, IEEE 802.3-2022 3.1.1. The FCS is not part of a capture.
//
//   0  6  destination
//   6  6  source
//  12  2  EtherType; below 0x0600 the length of an 802.3 frame
/** @returns the EtherType */
export function decodeEthernet(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, ETHERNET_BYTES, Layer.ethernet, out);
  if (at < 0) return at;
  out.dstMac = uint48(cursor, at);
  out.srcMac = uint48(cursor, at + 6);
  out.fields |= 1 << Field.macs;
  understood(Layer.ethernet, out);
  return uint16(cursor, at + 12);
}

/** The same header inside a tunnel. */
export function decodeInnerEthernet(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, ETHERNET_BYTES, Layer.ethernet, out);
  if (at < 0) return at;
  // Written out: uint48() is not inlined this deep, and what it returns would take memory.
  out.innerDstMac = uint16(cursor, at) * 0x1_0000_0000 + (int32(cursor, at + 2) >>> 0);
  out.innerSrcMac = uint16(cursor, at + 6) * 0x1_0000_0000 + (int32(cursor, at + 8) >>> 0);
  out.fields |= 1 << Field.innerMacs;
  understood(Layer.ethernet, out);
  return uint16(cursor, at + 12);
}
