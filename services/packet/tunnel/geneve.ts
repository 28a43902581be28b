import { type Cursor, DONE, take, uint8, uint16, uint24, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_MIN } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const FIXED_BYTES = 8;

// RFC 8926 3.4.
//
//   0  1  version (2 bits), length of the options in 4 bytes (6)
//   1  1  control, critical options, reserved (6 bits)
//   2  2  EtherType of what follows
//   4  3  VNI
//   7  1  reserved
//   8  …  options: skipped, what they mean is between the ends
/** @returns the EtherType of what follows; DONE for a payload that is no Geneve */
export function decodeGeneve(cursor: Cursor, out: DecodedHeader): number {
  const room = cursor.ipEnd - cursor.position;
  if (room < FIXED_BYTES) return DONE;
  const at = take(cursor, FIXED_BYTES, Layer.geneve, out);
  if (at < 0) return DONE;
  const optionBytes = (uint8(cursor, at) & 0x3f) * 4;
  const type = uint16(cursor, at + 2);
  const isPlausible = uint8(cursor, at) >> 6 === 0 && (uint8(cursor, at + 1) & 0x3f) === 0 && type >= ETHERTYPE_MIN;
  if (!isPlausible || uint8(cursor, at + 7) !== 0 || FIXED_BYTES + optionBytes > room) return DONE;
  if (!enterTunnel(Tunnel.geneve, Layer.geneve, out)) return DONE;
  identifyTunnel(uint24(cursor, at + 4), out);
  if (take(cursor, optionBytes, Layer.geneve, out) < 0) return DONE;
  understood(Layer.geneve, out);
  return type;
}
