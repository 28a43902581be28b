import { type Cursor, DONE, peek, take, uint8, uint24, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const HEAD_BYTES = 4;
const INITIATION = 1;
const RESPONSE = 2;
const COOKIE_REPLY = 3;
const DATA = 4;
const DATA_BYTES_MIN = 32;

// wireguard.com/papers/wireguard.pdf 5.4; numbers are little-endian. What is behind is encrypted.
//
//   type                 bytes
//   1 initiation           148   sender (4 bytes)
//   2 response              92   sender, receiver
//   3 cookie reply          64   receiver
//   4 data         32 and on   receiver; padded to 16 bytes but not beyond the MTU
//
//   0  1  type
//   1  3  reserved
//   4  …  indexes by which sender and receiver know the session
/** The tunnel's number is the receiver's index: the message starting a session has none. */
export function decodeWireguard(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const room = cursor.ipEnd - cursor.position;
  if (room < DATA_BYTES_MIN) return DONE;
  const at = peek(cursor, HEAD_BYTES, Layer.wireguard, out);
  if (at < 0) return DONE;
  const type = uint8(cursor, at);
  if (uint24(cursor, at + 1) !== 0 || !hasLength(type, room)) return DONE;
  const headerBytes = type === RESPONSE ? 12 : 8;
  if (take(cursor, headerBytes, Layer.wireguard, out) < 0) return DONE;
  if (!enterTunnel(Tunnel.wireguard, Layer.wireguard, out)) return DONE;
  if (type !== INITIATION) identifyTunnel(littleEndian(cursor, at + headerBytes - 4), out);
  understood(Layer.wireguard, out);
  return DONE;
}

function hasLength(type: number, bytes: number): boolean {
  switch (type) {
    case INITIATION:
      return bytes === 148;
    case RESPONSE:
      return bytes === 92;
    case COOKIE_REPLY:
      return bytes === 64;
    default:
      return type === DATA && bytes >= DATA_BYTES_MIN;
  }
}

function littleEndian(cursor: Cursor, at: number): number {
  const low = uint8(cursor, at) | (uint8(cursor, at + 1) << 8);
  return low | (uint8(cursor, at + 2) << 16) | (uint8(cursor, at + 3) << 24);
}
