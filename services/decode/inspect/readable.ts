// A decoded header as people and jq read it: names for numbers, and only what the packet has. Pure.

import { formatAddress, formatMac } from '@tcxflow/packet/address.ts';
import { type DecodedHeader, Field, Layer, Stop, Tunnel } from '@tcxflow/packet/decode.ts';

const nameOf = (numbers: Record<string, number>) => {
  const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
  return (number: number) => names.get(number) ?? String(number);
};
export const layerName = nameOf(Layer);
export const stopName = nameOf(Stop);
export const tunnelName = nameOf(Tunnel);

const tcpFlagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'AE'];

export function tcpFlagText(flags: number): string {
  return tcpFlagNames.filter((_, bit) => flags & (1 << bit)).join(',');
}

/** IANA protocol numbers that have a name here; others by number. */
const protocols: Record<number, string> = {
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPv4',
  6: 'TCP',
  17: 'UDP',
  33: 'DCCP',
  41: 'IPv6',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
  115: 'L2TP',
  132: 'SCTP',
  136: 'UDP-Lite',
};

export const protocolName = (protocol: number): string => protocols[protocol] ?? String(protocol);

/** Names of the layers that were understood as a whole, in the order of their numbers. */
export function layersOf({ layers, moreLayers }: DecodedHeader): string[] {
  const has = (layer: number) => (layer <= 30 ? layers & (1 << layer) : moreLayers & (1 << (layer - 31)));
  return Object.values(Layer)
    .filter((layer) => layer > 0 && has(layer))
    .map(layerName);
}

/** Names as in docs/reference/decoding.md. What the packet does not have is not there. */
export function readableHeader(header: DecodedHeader): Record<string, unknown> {
  const has = (field: number) => (header.fields & (1 << field)) !== 0;
  const { stop, stopLayer } = header;
  const isIp = header.ipBytes > 0;
  return {
    stop: stopName(stop),
    stopLayer: layerName(stopLayer),
    layers: layersOf(header),
    ...(has(Field.macs) && { srcMac: formatMac(header.srcMac), dstMac: formatMac(header.dstMac) }),
    ...(has(Field.vlan) && { vlanId: header.vlanId }),
    ...(has(Field.innerVlan) && { innerVlanId: header.innerVlanId }),
    ...(header.etherType > 0 && { etherType: `0x${header.etherType.toString(16).padStart(4, '0')}` }),
    ...(has(Field.mpls) && { mplsLabels: [...header.mplsLabels.subarray(0, header.mplsDepth)] }),
    ...(has(Field.addresses) && {
      srcAddress: formatAddress(header.srcAddress),
      dstAddress: formatAddress(header.dstAddress),
    }),
    ...(isIp && {
      protocol: header.protocol,
      ipBytes: header.ipBytes,
      ttl: header.ttl,
      dscp: header.dscp,
      ecn: header.ecn,
      ...(header.flowLabel > 0 && { flowLabel: header.flowLabel }),
    }),
    ...(has(Field.fragment) && { fragmentOffset: header.fragmentOffset, moreFragments: header.moreFragments }),
    ...(has(Field.ports) && { srcPort: header.srcPort, dstPort: header.dstPort }),
    ...(has(Field.tcp) && { tcpFlags: tcpFlagText(header.tcpFlags), tcpWindow: header.tcpWindow }),
    ...(has(Field.mss) && { tcpMss: header.tcpMss }),
    ...(has(Field.icmp) && { icmpType: header.icmpType, icmpCode: header.icmpCode }),
    ...(has(Field.tunnel) && { tunnel: tunnelOf(header, has) }),
  };
}

function tunnelOf(header: DecodedHeader, has: (field: number) => boolean): Record<string, unknown> {
  return {
    kind: tunnelName(header.tunnelKind),
    depth: header.tunnelDepth,
    ...(has(Field.tunnelId) && { id: header.tunnelId }),
    ...(has(Field.outerAddresses) && {
      outerSrcAddress: formatAddress(header.outerSrcAddress),
      outerDstAddress: formatAddress(header.outerDstAddress),
      outerProtocol: header.outerProtocol,
      outerTtl: header.outerTtl,
      outerDscp: header.outerDscp,
    }),
    ...(has(Field.outerPorts) && { outerSrcPort: header.outerSrcPort, outerDstPort: header.outerDstPort }),
    ...(has(Field.innerMacs) && {
      innerSrcMac: formatMac(header.innerSrcMac),
      innerDstMac: formatMac(header.innerDstMac),
    }),
  };
}

/** The same in one level, lists as text: to compare, and to print a line each. */
export function flatFields(readable: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(readable).flatMap(([name, value]): [string, unknown][] => {
    if (Array.isArray(value)) return [[name, value.join(', ')]];
    if (typeof value !== 'object' || value === null) return [[name, value]];
    return Object.entries(flatFields(value as Record<string, unknown>)).map(([inner, each]) => [
      `${name}.${inner}`,
      each,
    ]);
  });
  return Object.fromEntries(entries);
}
