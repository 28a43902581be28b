// The state of one decode, and the only place where a bound is checked: a reader takes a header's bytes through take()
// and may then read exactly those. Running out of bytes is a number and not an Error, since it happens per packet.

import { type DecodedHeader, Stop } from './decoded-header.ts';

/** Readers return what follows (an EtherType, an IP protocol), or this when there is nothing more to read. */
export const DONE = -1;

export interface Cursor {
  buffer: Buffer;
  position: number;
  /** End of the captured bytes. */
  capturedEnd: number;
  /** End of the frame on the wire; inside IP also the end of the packet: what lies behind is padding. */
  wireEnd: number;
  /** Where the IP header says that its packet ends. May lie behind the frame: the length of a GSO buffer does. */
  ipEnd: number;
}

const nothing = Buffer.alloc(0);

export function createCursor(): Cursor {
  return { buffer: nothing, position: 0, capturedEnd: 0, wireEnd: 0, ipEnd: 0 };
}

export function openCursor(cursor: Cursor, buffer: Buffer, offset: number, length: number, frameBytes: number): void {
  cursor.buffer = buffer;
  cursor.position = offset;
  cursor.capturedEnd = Math.min(offset + length, buffer.length);
  // More bytes than the frame has: a GSO buffer of small segments. The bytes are there, so they count.
  cursor.wireEnd = offset + Math.max(length, frameBytes);
  cursor.ipEnd = cursor.wireEnd;
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

/** Ends decoding inside a layer; what was read so far stays. */
export function stopAt(stop: number, layer: number, out: DecodedHeader): typeof DONE {
  out.stop = stop;
  out.stopLayer = layer;
  return DONE;
}

/** Notes a header that was read as a whole. */
export function understood(layer: number, out: DecodedHeader): void {
  out.layers |= 1 << layer;
  out.stopLayer = layer;
}

export function uint8(cursor: Cursor, at: number): number {
  return cursor.buffer[at] as number;
}

export function uint16(cursor: Cursor, at: number): number {
  return ((cursor.buffer[at] as number) << 8) | (cursor.buffer[at + 1] as number);
}

export function uint48(cursor: Cursor, at: number): number {
  const low = ((uint16(cursor, at + 2) << 16) | uint16(cursor, at + 4)) >>> 0;
  return uint16(cursor, at) * 0x1_0000_0000 + low;
}
