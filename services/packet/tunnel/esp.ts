import { type Cursor, DONE, int32, take, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const HEADER_BYTES = 8;

// RFC 4303 2. What follows is encrypted, in tunnel mode as in transport mode: no more of it will ever be known, so it is
// complete.
//
//   0  4  security parameters index
//   4  4  sequence number
export function decodeEsp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = take(cursor, HEADER_BYTES, Layer.esp, out);
  if (at < 0) return DONE;
  if (!enterTunnel(Tunnel.esp, Layer.esp, out)) return DONE;
  identifyTunnel(int32(cursor, at), out);
  understood(Layer.esp, out);
  return DONE;
}
