import { type Cursor, DONE, take, uint8, uint16, uint24, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { typeOfNextProtocol } from '../link/nsh.ts';
import { ETHERTYPE_TEB } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const HEADER_BYTES = 8;
const VNI_VALID = 0x08;
const NEXT_PROTOCOL = 0x04;
/** Reserved, and a version that is 0. */
const ZERO_FLAGS = 0xf0;
const NEXT_PROTOCOL_MAX = 7;

// draft-ietf-nvo3-vxlan-gpe 3.
//
//   0  1  reserved (2 bits), version (2), valid VNI, next protocol is given, BUM, OAM
//   1  2  reserved
//   3  1  next protocol; 0 without its flag: Ethernet as in VXLAN
//   4  3  VNI
//   7  1  reserved
/** @returns the EtherType of what follows; DONE for a payload that is no VXLAN-GPE */
export function decodeVxlanGpe(cursor: Cursor, out: DecodedHeader): number {
  if (cursor.ipEnd - cursor.position <= HEADER_BYTES) return DONE;
  const at = take(cursor, HEADER_BYTES, Layer.vxlan, out);
  if (at < 0) return DONE;
  const flags = uint8(cursor, at);
  const next = uint8(cursor, at + 3);
  if (flags & ZERO_FLAGS || uint16(cursor, at + 1) !== 0) return DONE;
  const isPlausible = flags & NEXT_PROTOCOL ? next > 0 && next <= NEXT_PROTOCOL_MAX : flags & VNI_VALID && next === 0;
  if (!isPlausible) return DONE;
  if (!enterTunnel(Tunnel.vxlanGpe, Layer.vxlan, out)) return DONE;
  if (flags & VNI_VALID) identifyTunnel(uint24(cursor, at + 4), out);
  understood(Layer.vxlan, out);
  return flags & NEXT_PROTOCOL ? typeOfNextProtocol(next, out) : ETHERTYPE_TEB;
}
