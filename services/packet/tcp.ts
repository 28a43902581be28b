import { type Cursor, DONE, stopAt, take, uint8, uint16, understood } from './cursor.ts';
import { type DecodedHeader, Layer, Stop } from './decoded-header.ts';

const PORTS_BYTES = 4;
const FIXED_BYTES = 20;

// RFC 9293 3.1; AE RFC 9768 (once NS, RFC 3540).
//
//   0  2  source port
//   2  2  destination port
//   4  4  sequence number
//   8  4  acknowledgment number
//  12  2  data offset in 32-bit words (4 bits), reserved (3), AE CWR ECE URG ACK PSH RST SYN FIN
//  14  2  window
//  16  2  checksum
//  18  2  urgent pointer
//  20  …  options up to the data offset
export function decodeTcp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = take(cursor, PORTS_BYTES, Layer.tcp, out);
  if (at < 0) return DONE;
  out.srcPort = uint16(cursor, at);
  out.dstPort = uint16(cursor, at + 2);
  if (take(cursor, FIXED_BYTES - PORTS_BYTES, Layer.tcp, out) < 0) return DONE;
  out.tcpFlags = uint16(cursor, at + 12) & 0x1ff;
  const headerBytes = (uint8(cursor, at + 12) >> 4) * 4;
  // Nothing is read from the options, so a capture that ends inside them has lost nothing.
  // Nor has a first fragment: its options may go on in the next one.
  const tooLong = at + headerBytes > cursor.ipEnd && !out.moreFragments;
  if (headerBytes < FIXED_BYTES || tooLong) return stopAt(Stop.malformed, Layer.tcp, out);
  understood(Layer.tcp, out);
  return DONE;
}
