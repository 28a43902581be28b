import { type Cursor, DONE, peek, take, uint8, uint16, uint24, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { ETHERNET_LOOK_BYTES, looksLikeEthernet } from '../link/looks-like-ethernet.ts';
import { typeOfNextProtocol } from '../link/nsh.ts';
import { ETHERTYPE_TEB } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const HEADER_BYTES = 8;
const VNI_VALID = 0x08;
/** draft-ietf-nvo3-vxlan-gpe, on VXLAN's port too: byte 3 is the next protocol. */
const NEXT_PROTOCOL = 0x04;
/** Group policy, draft-smith-vxlan-group-policy: bytes 1 to 3 are its flags and group. */
const GROUP_POLICY = 0x80;
/** Of byte 1 then, all but "don't learn" and "policy applied". */
const GROUP_RESERVED = 0xb7;
/** Zero in all of these. */
const RESERVED = 0x73;

// RFC 7348 5.
//
//   0  1  flags: valid VNI 0x08; group policy 0x80 and next protocol 0x04 by later drafts; others zero
//   1  3  reserved, zero without those
//   4  3  VNI
//   7  1  reserved, to be ignored
/** @returns that Ethernet follows; DONE for a payload that is no VXLAN */
export function decodeVxlan(cursor: Cursor, out: DecodedHeader): number {
  if (cursor.ipEnd - cursor.position < HEADER_BYTES + ETHERNET_LOOK_BYTES) return DONE;
  const at = take(cursor, HEADER_BYTES, Layer.vxlan, out);
  if (at < 0) return DONE;
  const flags = uint8(cursor, at);
  if (!(flags & VNI_VALID)) return DONE;
  const isStrict = hasZeroReserved(cursor, at);
  if (!isStrict && !isFollowedByEthernet(cursor, out)) return DONE;
  if (!enterTunnel(Tunnel.vxlan, Layer.vxlan, out)) return DONE;
  identifyTunnel(uint24(cursor, at + 4), out);
  understood(Layer.vxlan, out);
  const hasNext = isStrict && (flags & NEXT_PROTOCOL) !== 0;
  return hasNext ? typeOfNextProtocol(uint8(cursor, at + 3), out) : ETHERTYPE_TEB;
}

function hasZeroReserved(cursor: Cursor, at: number): boolean {
  const flags = uint8(cursor, at);
  if (flags & RESERVED) return false;
  if (flags & GROUP_POLICY) return !(flags & NEXT_PROTOCOL) && !(uint8(cursor, at + 1) & GROUP_RESERVED);
  return uint16(cursor, at + 1) === 0 && (uint8(cursor, at + 3) !== 0) === ((flags & NEXT_PROTOCOL) !== 0);
}

/** Receivers are to ignore reserved bits, and some senders set them. */
function isFollowedByEthernet(cursor: Cursor, out: DecodedHeader): boolean {
  const at = peek(cursor, ETHERNET_LOOK_BYTES, Layer.vxlan, out);
  return at >= 0 && looksLikeEthernet(cursor, at);
}
