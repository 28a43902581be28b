import { type Cursor, DONE } from '../cursor.ts';
import { type DecodedHeader, Layer, Tunnel } from '../decoded-header.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, IPPROTO_IPV4 } from '../numbers.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

// RFC 2003 (4in4), RFC 4213 (6in4), RFC 2473 (4in6, 6in6), behind AH RFC 4302 3.1.2: no header of their own.
/** @returns the EtherType of the packet inside */
export function decodeIpInIp(cursor: Cursor, protocol: number, out: DecodedHeader): number {
  const { behindAh } = cursor;
  const layer = protocol === IPPROTO_IPV4 ? Layer.ipv4 : Layer.ipv6;
  if (!enterTunnel(behindAh ? Tunnel.ah : Tunnel.ipip, layer, out)) return DONE;
  if (behindAh) identifyTunnel(cursor.ahSpi, out);
  return protocol === IPPROTO_IPV4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
}
