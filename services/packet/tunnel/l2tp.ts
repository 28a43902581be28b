import { type Cursor, DONE, endAt, int32, stopAt, take, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_PPP } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const CONTROL = 0x8000;
const LENGTH = 0x4000;
const SEQUENCE = 0x0800;
const OFFSET = 0x0200;
const VERSION = 0x000f;
const RESERVED_V2 = 0x34f0;
const RESERVED_V3 = 0x37f0;
const SHORTEST_BYTES = 6;
const CONTROL_BYTES = 12;

// L2TPv2, RFC 2661 3.1; each line but the first and the third when its flag is set, all of them in control messages.
//
//   2  flags: control, length, sequence, offset, priority; version (4 bits)
//   2  length of all this
//   4  tunnel, session
//   4  sequence numbers
//   2  bytes of padding that follow (offset)
//
// L2TPv3, RFC 3931 4.1: over UDP the flags with version 3 and 2 bytes reserved in front of it.
//
//   4  session; 0 for control messages over IP
//   …  cookie and sublayer as the two ends agreed
/** @returns that PPP follows; control messages are complete; DONE for a payload that is no L2TP, too */
export function decodeL2tp(cursor: Cursor, out: DecodedHeader): number {
  if (cursor.ipEnd - cursor.position < SHORTEST_BYTES) return DONE;
  const at = take(cursor, 2, Layer.l2tp, out);
  if (at < 0) return DONE;
  const flags = uint16(cursor, at);
  const version = flags & VERSION;
  if (version === 2 && (flags & RESERVED_V2) === 0) return decodeVersion2(cursor, flags, at, out);
  if (version !== 3 || flags & RESERVED_V3) return DONE;
  if (flags & CONTROL) return flags & LENGTH && flags & SEQUENCE ? decodeControl(cursor, at, out) : DONE;
  return take(cursor, 2, Layer.l2tp, out) < 0 ? DONE : decodeL2tpSession(cursor, out);
}

function decodeVersion2(cursor: Cursor, flags: number, start: number, out: DecodedHeader): number {
  if (flags & CONTROL) {
    const isControl = flags & LENGTH && flags & SEQUENCE && !(flags & OFFSET);
    return isControl ? decodeControl(cursor, start, out) : DONE;
  }
  const room = cursor.ipEnd - start;
  const least = SHORTEST_BYTES + (flags & LENGTH ? 2 : 0) + (flags & SEQUENCE ? 4 : 0) + (flags & OFFSET ? 2 : 0);
  if (room < least) return DONE;
  if (flags & LENGTH) {
    const at = take(cursor, 2, Layer.l2tp, out);
    if (at < 0) return DONE;
    if (uint16(cursor, at) > room) return DONE;
    endAt(cursor, start + uint16(cursor, at));
  }
  const at = take(cursor, 4, Layer.l2tp, out);
  if (at < 0) return DONE;
  if (!enterTunnel(Tunnel.l2tp, Layer.l2tp, out)) return DONE;
  // A session's number counts in its tunnel only.
  identifyTunnel(int32(cursor, at), out);
  if (flags & SEQUENCE && take(cursor, 4, Layer.l2tp, out) < 0) return DONE;
  if (flags & OFFSET) {
    const offset = take(cursor, 2, Layer.l2tp, out);
    if (offset < 0 || take(cursor, uint16(cursor, offset), Layer.l2tp, out) < 0) return DONE;
  }
  understood(Layer.l2tp, out);
  return ETHERTYPE_PPP;
}

/** Sets tunnels up, is none. */
function decodeControl(cursor: Cursor, start: number, out: DecodedHeader): typeof DONE {
  if (start + CONTROL_BYTES > cursor.ipEnd) return DONE;
  const at = take(cursor, CONTROL_BYTES - 2, Layer.l2tp, out);
  if (at < 0) return DONE;
  const bytes = uint16(cursor, at);
  if (bytes >= CONTROL_BYTES && start + bytes <= cursor.ipEnd) understood(Layer.l2tp, out);
  return DONE;
}

/** Over IP, protocol 115, this is all of it. */
export function decodeL2tpSession(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = take(cursor, 4, Layer.l2tp, out);
  if (at < 0) return DONE;
  const session = int32(cursor, at);
  understood(Layer.l2tp, out);
  if (session === 0) return DONE;
  if (!enterTunnel(Tunnel.l2tp, Layer.l2tp, out)) return DONE;
  identifyTunnel(session, out);
  // How long the cookie is, and what the session carries, is not in the packet.
  return stopAt(Stop.unsupported, Layer.network, out);
}
