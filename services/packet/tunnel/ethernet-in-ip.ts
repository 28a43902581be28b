import { type Cursor, DONE, stopAt, take, uint16 } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_MPLS, ETHERTYPE_TEB, IPPROTO_ETHERIP } from '../numbers.ts';
import { enterTunnel } from './tunnel.ts';

const ETHERIP_BYTES = 2;
const ETHERIP_VERSION = 0x3000;

// SRv6, RFC 8986 4.9: the frame starts at once. EtherIP, RFC 3378 3:
//
//   0  2  version (4 bits): 3; reserved
/** @returns that Ethernet follows */
export function decodeEthernetInIp(cursor: Cursor, protocol: number, out: DecodedHeader): number {
  if (protocol === IPPROTO_ETHERIP) {
    const at = take(cursor, ETHERIP_BYTES, Layer.ethernet, out);
    if (at < 0) return DONE;
    if (uint16(cursor, at) !== ETHERIP_VERSION) return stopAt(Stop.unsupported, Layer.ethernet, out);
  }
  return enterTunnel(Tunnel.ethernet, Layer.ethernet, out) ? ETHERTYPE_TEB : DONE;
}

// RFC 4023 3: the label stack starts at once. Its number is the label at the bottom, which decodeMpls() will find.
/** @returns that MPLS follows */
export function decodeMplsInIp(out: DecodedHeader): number {
  return enterTunnel(Tunnel.mplsIp, Layer.mpls, out) ? ETHERTYPE_MPLS : DONE;
}
