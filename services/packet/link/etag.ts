import { type Cursor, take, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer } from '../decoded-header.ts';
import { ETHERTYPE_CMD, ETHERTYPE_ETAG } from '../numbers.ts';

const ETAG_BYTES = 8;
const VNTAG_BYTES = 6;
const CMD_BYTES = 8;

// E-TAG, IEEE 802.1BR-2012 7.5, behind its EtherType. Which port of a bridge's extender it was is nothing of the packet.
//
//   0  2  priority (3 bits), drop eligible (1), ingress E-CID (12)
//   2  2  reserved (2), group (2), E-CID (12)
//   4  2  extensions of both
//   6  2  EtherType of what follows
//
// VN-Tag, which Cisco had before: flags and two interfaces (4 bytes), EtherType (2).
// Cisco MetaData: version (1), length (1), option (2), security group (2), EtherType (2).
/** @returns the EtherType behind it */
export function decodeEtag(cursor: Cursor, etherType: number, out: DecodedHeader): number {
  const bytes = etherType === ETHERTYPE_ETAG ? ETAG_BYTES : etherType === ETHERTYPE_CMD ? CMD_BYTES : VNTAG_BYTES;
  const at = take(cursor, bytes, Layer.etag, out);
  if (at < 0) return at;
  understood(Layer.etag, out);
  return uint16(cursor, at + bytes - 2);
}
