import { type Cursor, DONE, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';

const FIXED_BYTES = 6;
const SCI_BYTES = 8;
const VERSION = 0x80;
const SCI_PRESENT = 0x20;
/** Encrypted, or changed otherwise: unreadable. */
const ENCRYPTED_OR_CHANGED = 0x0c;

// IEEE 802.1AE-2018 9.3, the SecTAG behind its EtherType.
//
//   0  1  version (1 bit), end station, SCI present, single copy, encrypted, changed, association number (2)
//   1  1  length when it is below 48
//   2  4  packet number
//   6  8  secure channel identifier, when present
//   …  2  EtherType, with integrity alone
/** @returns the EtherType where it can be read; an encrypted frame is complete: no more of it will ever be known */
export function decodeMacsec(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, FIXED_BYTES, Layer.macsec, out);
  if (at < 0) return at;
  const flags = uint8(cursor, at);
  if (flags & VERSION) return stopAt(Stop.unsupported, Layer.macsec, out);
  if (flags & SCI_PRESENT && take(cursor, SCI_BYTES, Layer.macsec, out) < 0) return DONE;
  understood(Layer.macsec, out);
  if (flags & ENCRYPTED_OR_CHANGED) return DONE;
  const type = take(cursor, 2, Layer.network, out);
  return type < 0 ? DONE : uint16(cursor, type);
}
