import { type Cursor, DONE, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_TEB } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const TYPE_II_BYTES = 8;
const TYPE_III_BYTES = 12;
const SUBHEADER_BYTES = 8;
const SESSION = 0x3ff;
const FRAME_IP = 2;

// draft-foschiano-erspan 4.2 and 4.3: frames mirrored by a switch.
//
//   0  2  version (4 bits): 1 is type II, 2 is type III; VLAN (12)
//   2  2  class of service, encapsulation and truncation bits, session (10)
//   4  4  type II: port index
//   4  4  type III: timestamp
//   8  2  type III: security group
//  10  2  type III: protocol present (1 bit), frame type (5), hardware (6), direction (1), granularity (2), subheader (1)
//  12  8  type III: subheader of the platform, when its bit is set
/** @returns that Ethernet follows */
export function decodeErspanII(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, TYPE_II_BYTES, Layer.erspan, out);
  if (at < 0) return at;
  if (uint8(cursor, at) >> 4 !== 1) return stopAt(Stop.unsupported, Layer.erspan, out);
  return enter(cursor, at, out) ? ETHERTYPE_TEB : DONE;
}

/** @returns what was mirrored: Ethernet, or IP */
export function decodeErspanIII(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, TYPE_III_BYTES, Layer.erspan, out);
  if (at < 0) return at;
  if (uint8(cursor, at) >> 4 !== 2) return stopAt(Stop.unsupported, Layer.erspan, out);
  const last = uint16(cursor, at + 10);
  if (last & 1 && take(cursor, SUBHEADER_BYTES, Layer.erspan, out) < 0) return DONE;
  if (!enter(cursor, at, out)) return DONE;
  const frameType = (last >> 10) & 0x1f;
  if (frameType === 0) return ETHERTYPE_TEB;
  if (frameType !== FRAME_IP) return stopAt(Stop.unsupported, Layer.network, out);
  const first = take(cursor, 1, Layer.network, out);
  if (first < 0) return DONE;
  cursor.position = first;
  return uint8(cursor, first) >> 4 === 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
}

function enter(cursor: Cursor, at: number, out: DecodedHeader): boolean {
  if (!enterTunnel(Tunnel.erspan, Layer.erspan, out)) return false;
  identifyTunnel(uint16(cursor, at + 2) & SESSION, out);
  understood(Layer.erspan, out);
  return true;
}
