import { type Cursor, DONE } from '../cursor.ts';
import { type DecodedHeader, Tunnel } from '../decoded-header.ts';
import { decodeGeneve } from './geneve.ts';
import { decodeGtpu } from './gtpu.ts';
import { decodeL2tp } from './l2tp.ts';
import { decodeMplsInUdp } from './mpls-udp.ts';
import { decodeTeredo } from './teredo.ts';
import { EITHER_END } from './tunnel-ports.ts';
import { decodeVxlan } from './vxlan.ts';
import { decodeVxlanGpe } from './vxlan-gpe.ts';
import { decodeWireguard } from './wireguard.ts';

/**
 * Ports are a hint: each reader believes it only when its header makes sense, and else leaves the packet the UDP it is.
 * @returns the EtherType of what follows
 */
export function decodeUdpTunnel(cursor: Cursor, kind: number, out: DecodedHeader): number {
  switch (kind & ~EITHER_END) {
    case Tunnel.vxlan:
      return decodeVxlan(cursor, out);
    case Tunnel.vxlanGpe:
      return decodeVxlanGpe(cursor, out);
    case Tunnel.geneve:
      return decodeGeneve(cursor, out);
    case Tunnel.gtpu:
      return decodeGtpu(cursor, out);
    case Tunnel.l2tp:
      return decodeL2tp(cursor, out);
    case Tunnel.teredo:
      return decodeTeredo(cursor, out);
    case Tunnel.wireguard:
      return decodeWireguard(cursor, out);
    case Tunnel.mplsUdp:
      return decodeMplsInUdp(cursor, out);
    default:
      return DONE;
  }
}
