import { type Cursor, DONE, endAt, stopAt, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { EITHER_END } from '../tunnel/tunnel-ports.ts';
import { decodeUdpTunnel } from '../tunnel/udp-tunnel.ts';
import { keepPayload, readPorts } from './ports.ts';

const HEADER_BYTES = 8;

// RFC 768; length 0 RFC 2675 4.
//
//   0  2  source port
//   2  2  destination port
//   4  2  length, header included; 0 in jumbograms
//   6  2  checksum
/** @returns the EtherType of what a tunnel carries */
export function decodeUdp(cursor: Cursor, out: DecodedHeader): number {
  const at = readPorts(cursor, HEADER_BYTES, Layer.udp, out);
  if (at < 0) return at;
  const payloadBytes = cursor.ipEnd - at;
  const bytes = uint16(cursor, at + 4);
  const tooShort = bytes === 0 ? payloadBytes <= 0xffff : bytes < HEADER_BYTES;
  // The length is that of the whole datagram; a first fragment carries only its beginning.
  const tooLong = bytes > payloadBytes && !out.moreFragments;
  if (tooShort || tooLong) return stopAt(Stop.malformed, Layer.udp, out);
  understood(Layer.udp, out);
  endAt(cursor, bytes === 0 ? cursor.ipEnd : at + bytes);
  keepPayload(cursor, cursor.position, out);
  const kind = tunnelKind(cursor, out);
  return kind === 0 ? DONE : decodeUdpTunnel(cursor, kind, out);
}

function tunnelKind(cursor: Cursor, out: DecodedHeader): number {
  const kind = cursor.ports[out.dstPort] as number;
  if (kind !== 0) return kind;
  const other = cursor.ports[out.srcPort] as number;
  return other & EITHER_END ? other : 0;
}
