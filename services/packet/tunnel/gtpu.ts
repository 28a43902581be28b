import { type Cursor, DONE, endAt, int32, peek, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const FIXED_BYTES = 8;
const OPTIONAL_BYTES = 4;
/** Version 1, GTP and not GTP', spare bit. */
const HEAD_MASK = 0xf8;
const HEAD = 0x30;
/** Extension header, sequence number, N-PDU number: each of them means all the optional bytes. */
const OPTIONAL = 0x07;
const EXTENDED = 0x04;
const G_PDU = 255;
/** Four are specified for the user plane; a loop over input needs an end. */
const EXTENSIONS_MAX = 8;

// 3GPP TS 29.281 5.1.
//
//   0  1  version (3 bits), protocol type (1), spare (1), extension header, sequence number, N-PDU number
//   1  1  message type
//   2  2  length behind these 8 bytes
//   4  4  TEID
//   8  4  sequence number (2), N-PDU number (1), type of the next extension header (1): when one of the flags is set
/** @returns the EtherType of the packet inside; other messages are complete; DONE for a payload that is no GTP-U, too */
export function decodeGtpu(cursor: Cursor, out: DecodedHeader): number {
  const room = cursor.ipEnd - cursor.position;
  if (room < FIXED_BYTES) return DONE;
  const at = take(cursor, FIXED_BYTES, Layer.gtpu, out);
  if (at < 0) return DONE;
  const flags = uint8(cursor, at);
  const message = uint8(cursor, at + 1);
  const bytes = FIXED_BYTES + uint16(cursor, at + 2);
  // Messages of the control plane belong to another port, but are met here: their length has to be exact.
  const isPlausible = isUserPlane(message) ? bytes <= room : bytes === room;
  if ((flags & HEAD_MASK) !== HEAD || !isPlausible) return DONE;
  endAt(cursor, at + bytes);
  if (message === G_PDU) {
    if (!enterTunnel(Tunnel.gtpu, Layer.gtpu, out)) return DONE;
    identifyTunnel(int32(cursor, at + 4), out);
  }
  if (flags & OPTIONAL && !skipOptional(cursor, flags, out)) return DONE;
  understood(Layer.gtpu, out);
  return message === G_PDU ? typeOfPdu(cursor, out) : DONE;
}

/** Echo, error indication, supported extension headers, tunnel status, end marker, G-PDU. */
function isUserPlane(message: number): boolean {
  return message === 1 || message === 2 || message === 26 || message === 31 || message >= 253;
}

// 5.2.1: length in 4 bytes (1), content, type of the next one (1).
function skipOptional(cursor: Cursor, flags: number, out: DecodedHeader): boolean {
  const at = take(cursor, OPTIONAL_BYTES, Layer.gtpu, out);
  if (at < 0) return false;
  let next = flags & EXTENDED ? uint8(cursor, at + 3) : 0;
  for (let count = 0; next !== 0; count++) {
    if (count === EXTENSIONS_MAX) return stopAt(Stop.unsupported, Layer.gtpu, out) > DONE;
    const length = peek(cursor, 1, Layer.gtpu, out);
    if (length < 0) return false;
    const bytes = uint8(cursor, length) * 4;
    if (bytes === 0) return stopAt(Stop.malformed, Layer.gtpu, out) > DONE;
    const header = take(cursor, bytes, Layer.gtpu, out);
    if (header < 0) return false;
    next = uint8(cursor, header + bytes - 1);
  }
  return true;
}

/** Which kind of packet a session carries was agreed elsewhere: IP is told by its version, others are not read. */
function typeOfPdu(cursor: Cursor, out: DecodedHeader): number {
  const at = peek(cursor, 1, Layer.network, out);
  if (at < 0) return DONE;
  const version = uint8(cursor, at) >> 4;
  if (version === 4) return ETHERTYPE_IPV4;
  return version === 6 ? ETHERTYPE_IPV6 : stopAt(Stop.unsupported, Layer.network, out);
}
