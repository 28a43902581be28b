import { type Cursor, DONE, stopAt, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer, Stop } from '../decoded-header.ts';
import { keepPayload, readPorts } from './ports.ts';
import { readMaximumSegmentSize } from './tcp-options.ts';

const FIXED_BYTES = 20;
const SYN = 0x002;

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
  const at = readPorts(cursor, FIXED_BYTES, Layer.tcp, out);
  if (at < 0) return DONE;
  const offsetAndFlags = uint16(cursor, at + 12);
  out.tcpFlags = offsetAndFlags & 0x1ff;
  out.tcpWindow = uint16(cursor, at + 14);
  out.fields |= 1 << Field.tcp;
  const headerBytes = (offsetAndFlags >> 12) * 4;
  // A capture that ends inside the options has lost no more than the segment size, and that has a bit of its own.
  // A first fragment's options may go on in the next one.
  const tooLong = at + headerBytes > cursor.ipEnd && !out.moreFragments;
  if (headerBytes < FIXED_BYTES || tooLong) return stopAt(Stop.malformed, Layer.tcp, out);
  understood(Layer.tcp, out);
  keepPayload(cursor, at + headerBytes, out);
  // RFC 9293 3.7.1: the option counts in segments with SYN only.
  if (out.tcpFlags & SYN) readMaximumSegmentSize(cursor, at + FIXED_BYTES, at + headerBytes, out);
  return DONE;
}
