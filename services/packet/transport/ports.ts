import { type Cursor, DONE, take, uint16 } from '../cursor.ts';
import { type DecodedHeader, Field } from '../decoded-header.ts';

const PORTS_BYTES = 4;

// TCP, UDP, UDP-Lite, SCTP and DCCP start alike.
//
//   0  2  source port
//   2  2  destination port
/** Keeps the ports also when the rest of the header is missing. @returns where the header starts, or DONE */
export function readPorts(cursor: Cursor, headerBytes: number, layer: number, out: DecodedHeader): number {
  const at = take(cursor, PORTS_BYTES, layer, out);
  if (at < 0) return DONE;
  out.srcPort = uint16(cursor, at);
  out.dstPort = uint16(cursor, at + 2);
  out.fields |= 1 << Field.ports;
  return take(cursor, headerBytes - PORTS_BYTES, layer, out) < 0 ? DONE : at;
}

export function keepPayload(cursor: Cursor, at: number, out: DecodedHeader): void {
  const end = Math.min(cursor.capturedEnd, cursor.wireEnd);
  if (at > end) return;
  out.payloadAt = at;
  out.payloadEnd = end;
}
