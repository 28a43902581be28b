import { Tunnel } from '../decoded-header.ts';

/** Added to the kind: the port tells the tunnel as a source, too. Others have sources that only spread the load. */
export const EITHER_END = 0x80;

export interface TunnelPortOptions {
  /** Besides 4789 and 8472. */
  vxlan?: readonly number[];
  vxlanGpe?: readonly number[];
  geneve?: readonly number[];
  wireguard?: readonly number[];
}

/** IANA Service Name and Port Number Registry; 8472 is Linux's default for VXLAN. */
const assigned: readonly [port: number, kind: number][] = [
  [1701, Tunnel.l2tp | EITHER_END],
  [2152, Tunnel.gtpu | EITHER_END],
  [3544, Tunnel.teredo | EITHER_END],
  [4789, Tunnel.vxlan],
  [4790, Tunnel.vxlanGpe],
  [6081, Tunnel.geneve],
  [6635, Tunnel.mplsUdp],
  [8472, Tunnel.vxlan],
  [51820, Tunnel.wireguard | EITHER_END],
];

/** A table over all ports, made once: two reads tell whether a UDP packet may be a tunnel. */
export function createTunnelPorts(options: TunnelPortOptions = {}): Uint8Array {
  const ports = new Uint8Array(0x1_0000);
  for (const [port, kind] of assigned) ports[port] = kind;
  for (const port of options.vxlan ?? []) ports[port] = Tunnel.vxlan;
  for (const port of options.vxlanGpe ?? []) ports[port] = Tunnel.vxlanGpe;
  for (const port of options.geneve ?? []) ports[port] = Tunnel.geneve;
  for (const port of options.wireguard ?? []) ports[port] = Tunnel.wireguard | EITHER_END;
  return ports;
}
