// The IP protocols. Adding one: a file for its header, a line here, a Layer number.

import { type Cursor, DONE, stopAt } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import * as numbers from '../numbers.ts';
import { decodeEsp } from '../tunnel/esp.ts';
import { decodeEthernetInIp, decodeMplsInIp } from '../tunnel/ethernet-in-ip.ts';
import { decodeGre } from '../tunnel/gre.ts';
import { decodeIpInIp } from '../tunnel/ip-in-ip.ts';
import { decodeL2tpSession } from '../tunnel/l2tp.ts';
import { decodeDccp } from './dccp.ts';
import { decodeIcmp } from './icmp.ts';
import { decodeIgmp } from './igmp.ts';
import { decodeOspf } from './ospf.ts';
import { decodePim } from './pim.ts';
import { decodeSctp } from './sctp.ts';
import { decodeTcp } from './tcp.ts';
import { decodeUdp } from './udp.ts';
import { decodeUdpLite } from './udp-lite.ts';
import { decodeVrrp } from './vrrp.ts';

/** @returns the EtherType of what a tunnel carries */
export function decodeTransport(cursor: Cursor, protocol: number, out: DecodedHeader): number {
  switch (protocol) {
    case numbers.IPPROTO_TCP:
      return decodeTcp(cursor, out);
    case numbers.IPPROTO_UDP:
      return decodeUdp(cursor, out);
    case numbers.IPPROTO_ICMP:
      return decodeIcmp(cursor, Layer.icmp, out);
    case numbers.IPPROTO_ICMPV6:
      return decodeIcmp(cursor, Layer.icmpv6, out);
    case numbers.IPPROTO_GRE:
      return decodeGre(cursor, out);
    case numbers.IPPROTO_IPV4:
    case numbers.IPPROTO_IPV6:
      return decodeIpInIp(cursor, protocol, out);
    case numbers.IPPROTO_ETHERNET:
    case numbers.IPPROTO_ETHERIP:
      return decodeEthernetInIp(cursor, protocol, out);
    case numbers.IPPROTO_MPLS:
      return decodeMplsInIp(out);
    case numbers.IPPROTO_ESP:
      return decodeEsp(cursor, out);
    case numbers.IPPROTO_L2TP:
      return decodeL2tpSession(cursor, out);
    case numbers.IPPROTO_SCTP:
      return decodeSctp(cursor, out);
    case numbers.IPPROTO_DCCP:
      return decodeDccp(cursor, out);
    case numbers.IPPROTO_UDPLITE:
      return decodeUdpLite(cursor, out);
    case numbers.IPPROTO_IGMP:
      return decodeIgmp(cursor, out);
    case numbers.IPPROTO_PIM:
      return decodePim(cursor, out);
    case numbers.IPPROTO_OSPF:
      return decodeOspf(cursor, out);
    case numbers.IPPROTO_VRRP:
      return decodeVrrp(cursor, out);
    case numbers.IPPROTO_NONE:
      return DONE;
    default:
      return stopAt(Stop.unsupported, Layer.transport, out);
  }
}
