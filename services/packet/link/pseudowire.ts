import { type Cursor, DONE, peek, stopAt, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_TEB } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from '../tunnel/tunnel.ts';
import { ETHERNET_LOOK_BYTES, looksLikeEthernet } from './looks-like-ethernet.ts';

const CONTROL_WORD_BYTES = 4;

// Ethernet over MPLS, RFC 4448, with or without the control word of RFC 4385 3. Which it is, was agreed when the
// pseudowire was set up; here it counts as one of them only when reading it as the other makes no sense.
//
//   0  2  0 (4 bits), flags (4), fragment bits (2), length (6): Ethernet leaves all zero but the length of short frames
//   2  2  sequence number
//   4 14  Ethernet header
/** @returns that an Ethernet header follows */
export function decodePseudowire(cursor: Cursor, label: number, out: DecodedHeader): number {
  const look = CONTROL_WORD_BYTES + ETHERNET_LOOK_BYTES;
  // Shorter than any Ethernet frame, so it is none: that is no fault of it.
  if (cursor.position + look > cursor.wireEnd) return stopAt(Stop.unsupported, Layer.network, out);
  const at = peek(cursor, look, Layer.network, out);
  if (at < 0) return DONE;
  const withWord = looksLikeControlWord(cursor, at) && looksLikeEthernet(cursor, at + CONTROL_WORD_BYTES);
  if (withWord === looksLikeEthernet(cursor, at)) return stopAt(Stop.unsupported, Layer.network, out);
  if (!enterTunnel(Tunnel.eompls, Layer.ethernet, out)) return DONE;
  identifyTunnel(label, out);
  if (withWord) {
    cursor.position = at + CONTROL_WORD_BYTES;
    understood(Layer.controlWord, out);
  }
  return ETHERTYPE_TEB;
}

function looksLikeControlWord(cursor: Cursor, at: number): boolean {
  const length = uint16(cursor, at);
  return length === 0 || (length < 64 && length === cursor.wireEnd - at);
}
