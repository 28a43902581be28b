// The state of one decode, and the only place where a bound is checked: a reader takes a header's bytes through take()
// and may then read exactly those. Running out of bytes is a number and not an Error, since it happens per packet.

import { type DecodedHeader, Stop } from './decoded-header.ts';

/** Readers return what follows (an EtherType, an IP protocol), or this when there is nothing more to read. */
export const DONE = -1;

export interface Cursor {
  buffer: Buffer;
  /** Where the frame starts. */
  start: number;
  position: number;
  /** End of the captured bytes. */
  capturedEnd: number;
  /** End of the frame on the wire; inside IP also the end of the packet: what lies behind is padding. */
  wireEnd: number;
  /** Where the IP or UDP header says that its packet ends. May lie behind the frame: the length of a GSO buffer does. */
  ipEnd: number;
  /** The frame's EtherType is known: those that come later are somebody else's. */
  typed: boolean;
  /** An AH stands in front of what is read next, with this security parameters index. */
  behindAh: boolean;
  ahSpi: number;
  /** UDP ports of tunnels, see tunnel/tunnel-ports.ts. */
  ports: Uint8Array;
}

const nothing = Buffer.alloc(0);
const noPorts = new Uint8Array(0x1_0000);

export function createCursor(): Cursor {
  return {
    buffer: nothing,
    start: 0,
    position: 0,
    capturedEnd: 0,
    wireEnd: 0,
    ipEnd: 0,
    typed: false,
    behindAh: false,
    ahSpi: 0,
    ports: noPorts,
  };
}

export function openCursor(
  cursor: Cursor,
  buffer: Buffer,
  offset: number,
  length: number,
  frameBytes: number,
  ports: Uint8Array,
): void {
  cursor.buffer = buffer;
  cursor.start = offset;
  cursor.position = offset;
  cursor.capturedEnd = Math.min(offset + length, buffer.length);
  // More bytes than the frame has: a GSO buffer of small segments. The bytes are there, so they count.
  cursor.wireEnd = offset + Math.max(length, frameBytes);
  cursor.ipEnd = cursor.wireEnd;
  cursor.typed = false;
  cursor.behindAh = false;
  cursor.ports = ports;
}

/** A view that nobody reads any more would keep its whole batch in memory. */
export function closeCursor(cursor: Cursor): void {
  cursor.buffer = nothing;
}

/** @returns where the bytes start, or -1 with the reason left in `out` */
export function take(cursor: Cursor, bytes: number, layer: number, out: DecodedHeader): number {
  const start = cursor.position;
  const end = start + bytes;
  if (end > cursor.wireEnd) return stopAt(Stop.malformed, layer, out);
  if (end > cursor.capturedEnd) return stopAt(Stop.truncated, layer, out);
  cursor.position = end;
  return start;
}

/** As take(), but the bytes are only looked at: what they are is not known yet. */
export function peek(cursor: Cursor, bytes: number, layer: number, out: DecodedHeader): number {
  const at = take(cursor, bytes, layer, out);
  if (at >= 0) cursor.position = at;
  return at;
}

/** Ends decoding inside a layer; what was read so far stays. */
export function stopAt(stop: number, layer: number, out: DecodedHeader): typeof DONE {
  out.stop = stop;
  out.stopLayer = layer;
  return DONE;
}

/** Notes a header that was read as a whole. */
export function understood(layer: number, out: DecodedHeader): void {
  if (layer < 31) out.layers |= 1 << layer;
  else out.moreLayers |= 1 << (layer - 31);
  out.stopLayer = layer;
}

/** Bytes behind an inner length field are padding: nothing there belongs to a header. */
export function endAt(cursor: Cursor, end: number): void {
  cursor.ipEnd = end;
  if (end < cursor.wireEnd) cursor.wireEnd = end;
}

export function uint8(cursor: Cursor, at: number): number {
  return cursor.buffer[at] as number;
}

export function uint16(cursor: Cursor, at: number): number {
  return ((cursor.buffer[at] as number) << 8) | (cursor.buffer[at + 1] as number);
}

export function uint24(cursor: Cursor, at: number): number {
  return (uint16(cursor, at) << 8) | (cursor.buffer[at + 2] as number);
}

/** Signed, so that it never needs memory of its own: `>>> 0` where it is kept. */
export function int32(cursor: Cursor, at: number): number {
  return (uint16(cursor, at) << 16) | uint16(cursor, at + 2);
}

export function uint48(cursor: Cursor, at: number): number {
  return uint16(cursor, at) * 0x1_0000_0000 + (int32(cursor, at + 2) >>> 0);
}
