// What all tunnels share: the packet that carries another one is kept as the outer one, if it is the outermost.

import { stopAt } from '../cursor.ts';
import { type DecodedHeader, Field, Stop, Tunnel } from '../decoded-header.ts';

/** Three exist in data centres; a loop over input needs an end. */
export const TUNNELS_MAX = 8;

/** @param layer named when there are too many tunnels. @returns false then, and decoding has ended */
export function enterTunnel(kind: number, layer: number, out: DecodedHeader): boolean {
  if (out.tunnelDepth === TUNNELS_MAX) {
    stopAt(Stop.unsupported, layer, out);
    return false;
  }
  const { fields } = out;
  // A pseudowire has no IP header around it: the first one inside is the outermost then.
  if (fields & (1 << Field.addresses) && !(fields & (1 << Field.outerAddresses))) keepOuter(out);
  out.tunnelDepth++;
  out.tunnelKind = kind;
  out.tunnelId = 0;
  out.fields = (out.fields | (1 << Field.tunnel)) & ~(1 << Field.tunnelId);
  return true;
}

/** @param id 32 bits, with or without a sign */
export function identifyTunnel(id: number, out: DecodedHeader): void {
  out.tunnelId = id >>> 0;
  out.fields |= 1 << Field.tunnelId;
}

/** Whether both ends of a tunnel call it by one number. Others choose what the peer is to send: one for each direction. */
export function isIdShared(kind: number): boolean {
  return (
    kind === Tunnel.vxlan ||
    kind === Tunnel.vxlanGpe ||
    kind === Tunnel.geneve ||
    kind === Tunnel.nvgre ||
    kind === Tunnel.gre ||
    kind === Tunnel.erspan
  );
}

function keepOuter(out: DecodedHeader): void {
  for (let i = 0; i < 16; i++) {
    out.outerSrcAddress[i] = out.srcAddress[i] as number;
    out.outerDstAddress[i] = out.dstAddress[i] as number;
  }
  out.outerProtocol = out.protocol;
  out.outerDscp = out.dscp;
  out.outerTtl = out.ttl;
  out.outerSrcPort = out.srcPort;
  out.outerDstPort = out.dstPort;
  out.fields |= 1 << Field.outerAddresses;
  if (out.fields & (1 << Field.ports)) out.fields |= 1 << Field.outerPorts;
}
