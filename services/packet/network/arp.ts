import { type Cursor, DONE, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer, resetInnermost, Stop } from '../decoded-header.ts';
import { ETHERTYPE_IPV4 } from '../numbers.ts';
import { copyIpv4Address } from './ip-address.ts';

const FIXED_BYTES = 8;
const ETHERNET_IPV4_BYTES = 20;
const HARDWARE_ETHERNET = 1;

// RFC 826. Behind the fixed part, for Ethernet (hardware length 6) and IPv4 (protocol length 4):
//
//   0  2  hardware type                8   6  sender hardware address
//   2  2  protocol type               14   4  sender protocol address
//   4  1  hardware address length     18   6  target hardware address
//   5  1  protocol address length     24   4  target protocol address
//   6  2  operation
export function decodeArp(cursor: Cursor, out: DecodedHeader): typeof DONE {
  const at = take(cursor, FIXED_BYTES, Layer.arp, out);
  if (at < 0) return DONE;
  const known = uint16(cursor, at) === HARDWARE_ETHERNET && uint16(cursor, at + 2) === ETHERTYPE_IPV4;
  if (!known) return stopAt(Stop.unsupported, Layer.arp, out);
  if (uint8(cursor, at + 4) !== 6 || uint8(cursor, at + 5) !== 4) return stopAt(Stop.malformed, Layer.arp, out);
  if (take(cursor, ETHERNET_IPV4_BYTES, Layer.arp, out) < 0) return DONE;
  if (out.tunnelDepth > 0) resetInnermost(out);
  copyIpv4Address(cursor, at + 14, out.srcAddress);
  copyIpv4Address(cursor, at + 24, out.dstAddress);
  out.fields |= 1 << Field.addresses;
  understood(Layer.arp, out);
  return DONE;
}
