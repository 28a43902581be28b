import { type Cursor, DONE, endAt, peek, stopAt, take, uint8, uint16, uint24, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_MIN } from '../numbers.ts';

/** IEEE 802.3-2022 3.2.6: values between this and the first EtherType are undefined. */
const LENGTH_MAX = 1500;
const LLC_BYTES = 3;
const SNAP_BYTES = 5;
const SAP_SNAP = 0xaa;
/** Novell's raw IPX has no LLC header: it starts with a checksum that is always this. */
const IPX_CHECKSUM = 0xffff;
/** The protocol identifier is an EtherType: RFC 1042; IEEE 802.1H bridge tunnel. */
const OUI_ETHERTYPE = 0x000000;
const OUI_BRIDGE_TUNNEL = 0x0000f8;

// IEEE 802.2 LLC, and behind SAPs 0xaa with control 3 SNAP, IEEE 802-2014 9.5.
//
//   0  1  destination SAP
//   1  1  source SAP
//   2  1  control; two bytes unless the lower two bits are 11
//   3  3  organisation              (SNAP)
//   6  2  protocol identifier       (SNAP)
/** @param length what stands in the type field. @returns the EtherType in SNAP */
export function decodeLengthAndLlc(cursor: Cursor, length: number, out: DecodedHeader): number {
  if (length > LENGTH_MAX) return stopAt(Stop.unsupported, Layer.llc, out);
  endAt(cursor, cursor.position + length);
  return decodeLlc(cursor, out);
}

export function decodeLlc(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, LLC_BYTES, Layer.llc, out);
  if (at < 0) return at;
  const saps = uint16(cursor, at);
  if (saps === IPX_CHECKSUM) return stopAt(Stop.unsupported, Layer.network, out);
  const control = uint8(cursor, at + 2);
  if (saps !== ((SAP_SNAP << 8) | SAP_SNAP) || control !== 3) {
    if ((control & 3) !== 3 && peek(cursor, 1, Layer.llc, out) < 0) return DONE;
    understood(Layer.llc, out);
    return stopAt(Stop.unsupported, Layer.network, out);
  }
  const snap = take(cursor, SNAP_BYTES, Layer.llc, out);
  if (snap < 0) return snap;
  understood(Layer.llc, out);
  const organisation = uint24(cursor, snap);
  const type = uint16(cursor, snap + 3);
  const known = organisation === OUI_ETHERTYPE || organisation === OUI_BRIDGE_TUNNEL;
  return known && type >= ETHERTYPE_MIN ? type : stopAt(Stop.unsupported, Layer.network, out);
}
