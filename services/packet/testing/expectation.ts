// What a record has to be, made from the headers that tshark saw. Written from docs/reference/decoding.md and not from the
// decoder: it knows rules, not bytes.

import { Field, Layer, Stop, Tunnel } from '../decoded-header.ts';
import { extensionKinds, type SeenLayer } from './tshark-fields.ts';
import { isTunnelLayer, tunnelOf } from './tunnel-expectation.ts';

/** As DecodedHeader, with addresses as text; sets instead of bits. */
export interface Expected {
  stop: number;
  stopLayer: number;
  layers: Set<number>;
  fields: Set<number>;
  values: Record<string, number | string | boolean>;
  labels: number[];
}

const TUNNELS_MAX = 8;
const EXTENSIONS_MAX = 16;
const transports: Record<string, number> = {
  tcp: Layer.tcp,
  udp: Layer.udp,
  udplite: Layer.udpLite,
  sctp: Layer.sctp,
  dccp: Layer.dccp,
  icmp: Layer.icmp,
  icmpv6: Layer.icmpv6,
};
const recognised: Record<number, number> = {
  2: Layer.igmp,
  89: Layer.ospf,
  103: Layer.pim,
  112: Layer.vrrp,
};
const extensionLayers: Record<string, number> = { 'ipv6.fraghdr': Layer.ipv6Fragment, ah: Layer.ah };
/** Protocols that tshark shows as extension headers or as protocols of their own; they are walked here. */
const walked = new Set([0, 43, 44, 51, 60, 135, 139, 140]);

const innermostFields = [Field.addresses, Field.ports, Field.tcp, Field.icmp, Field.fragment, Field.mss];
const innermostZero = {
  srcAddress: '::',
  dstAddress: '::',
  protocol: 0,
  dscp: 0,
  ecn: 0,
  ttl: 0,
  flowLabel: 0,
  fragmentOffset: 0,
  moreFragments: false,
  srcPort: 0,
  dstPort: 0,
  tcpFlags: 0,
  tcpWindow: 0,
  icmpType: 0,
  icmpCode: 0,
};

/** Reads the headers in order, as the decoder reads the bytes. */
class Reader {
  readonly result: Expected = {
    stop: Stop.complete,
    stopLayer: Layer.none,
    layers: new Set(),
    fields: new Set(),
    values: {
      ...innermostZero,
      ...{ srcMac: 0, dstMac: 0, innerSrcMac: 0, innerDstMac: 0, vlanId: 0, innerVlanId: 0, etherType: 0 },
      ...{ tunnelDepth: 0, tunnelKind: 0, tunnelId: 0, outerSrcAddress: '::', outerDstAddress: '::' },
      ...{ outerProtocol: 0, outerDscp: 0, outerTtl: 0, outerSrcPort: 0, outerDstPort: 0 },
    },
    labels: [],
  };
  typed = false;
  spi: number | undefined;
  readonly layers: SeenLayer[];

  constructor(layers: SeenLayer[]) {
    this.layers = layers;
  }

  understood(layer: number): void {
    this.result.layers.add(layer);
    this.result.stopLayer = layer;
  }

  stop(stop: number, stopLayer: number): false {
    Object.assign(this.result, { stop, stopLayer });
    return false;
  }

  set(field: number, values: Expected['values']): void {
    this.result.fields.add(field);
    Object.assign(this.result.values, values);
  }

  type(type: number): void {
    if (!this.typed && type >= 0x600) {
      this.typed = true;
      this.result.values.etherType = type;
    }
  }

  enter(kind: number, id: number | undefined, layer: number): boolean {
    const { values, fields } = this.result;
    if (values.tunnelDepth === TUNNELS_MAX) return this.stop(Stop.unsupported, layer);
    if (fields.has(Field.addresses) && !fields.has(Field.outerAddresses)) {
      this.set(Field.outerAddresses, {
        outerSrcAddress: values.srcAddress as string,
        outerDstAddress: values.dstAddress as string,
        outerProtocol: values.protocol as number,
        outerDscp: values.dscp as number,
        outerTtl: values.ttl as number,
        outerSrcPort: values.srcPort as number,
        outerDstPort: values.dstPort as number,
      });
      if (fields.has(Field.ports)) fields.add(Field.outerPorts);
    }
    fields.delete(Field.tunnelId);
    this.set(Field.tunnel, { tunnelDepth: Number(values.tunnelDepth) + 1, tunnelKind: kind, tunnelId: id ?? 0 });
    if (id !== undefined) fields.add(Field.tunnelId);
    return true;
  }

  newPacket(): void {
    for (const field of innermostFields) this.result.fields.delete(field);
    Object.assign(this.result.values, innermostZero);
    this.spi = undefined;
  }
}

export function expectation(layers: SeenLayer[]): Expected {
  const reader = new Reader(layers);
  for (const [index, layer] of layers.entries()) {
    const goesOn = isTunnelLayer(layer.l) ? readTunnel(reader, layer, index) : readHeader(reader, layer, index);
    if (!goesOn) break;
  }
  return reader.result;
}

function readTunnel(reader: Reader, layer: SeenLayer, index: number): boolean {
  const tunnel = tunnelOf(reader.layers, index);
  if (tunnel.kind !== Tunnel.none && !reader.enter(tunnel.kind, tunnel.id, tunnel.layer)) return false;
  reader.understood(tunnel.layer);
  if (tunnel.isLast) return false;
  // What follows is not known, unless another header does.
  if (layer.l === 'gre' && Number(layer.proto) === 0) return false;
  if (index + 1 === reader.layers.length) return reader.stop(Stop.unsupported, Layer.network);
  return true;
}

function readHeader(reader: Reader, layer: SeenLayer, index: number): boolean {
  const { result } = reader;
  const next = reader.layers[index + 1];
  const before = reader.layers[index - 1]?.l ?? '';
  const unknownBehind = (): boolean => (next ? true : reader.stop(Stop.unsupported, Layer.network));
  switch (layer.l) {
    case 'eth': {
      if (index === 0) reader.set(Field.macs, { srcMac: layer.src as string, dstMac: layer.dst as string });
      else {
        if (before === 'mpls' || before === 'pwethcw') {
          const bottom = reader.layers.slice(0, index).findLast(({ l }) => l === 'mpls');
          if (!reader.enter(Tunnel.eompls, Number(bottom?.label), Layer.ethernet)) return false;
          if (before === 'pwethcw') reader.understood(Layer.controlWord);
        }
        const isInIp = ['ip', 'ipv6', 'etherip'].includes(before) || extensionKinds.has(before);
        if (isInIp && !reader.enter(Tunnel.ethernet, undefined, Layer.ethernet)) return false;
        reader.set(Field.innerMacs, { innerSrcMac: layer.src as string, innerDstMac: layer.dst as string });
      }
      reader.understood(Layer.ethernet);
      if (next && next.l === 'vlan') return true;
      if (next && ['ieee8021ad', 'etag', 'vntag', 'cmd', 'macsec', 'llc'].includes(next.l)) return true;
      reader.type(Number(layer.type ?? 0));
      return unknownBehind();
    }
    case 'vlan':
    case 'ieee8021ad':
      if (!reader.typed) {
        if (!result.fields.has(Field.vlan)) reader.set(Field.vlan, { vlanId: Number(layer.id) });
        else if (!result.fields.has(Field.innerVlan)) reader.set(Field.innerVlan, { innerVlanId: Number(layer.id) });
      }
      reader.understood(Layer.vlan);
      if (next && ['vlan', 'ieee8021ad', 'etag', 'vntag', 'cmd', 'macsec', 'llc'].includes(next.l)) return true;
      // An 802.1ad tag does not tell its type in tshark: the header behind does.
      reader.type(Number(layer.type ?? (next ? (typeOfKind[next.l] ?? 0) : 0)));
      return unknownBehind();
    case 'etag':
    case 'cmd':
    case 'vntag':
      reader.understood(Layer.etag);
      if (next && !['vlan', 'ieee8021ad', 'macsec'].includes(next.l)) reader.type(typeOfKind[next.l] ?? 0);
      return unknownBehind();
    case 'macsec':
      reader.understood(Layer.macsec);
      reader.type(next ? Number(layer.type) : 0x88e5);
      return next !== undefined;
    case 'llc':
      reader.understood(Layer.llc);
      reader.type(Number(layer.type ?? 0));
      return unknownBehind();
    case 'sll':
      if (layer.src) result.values.srcMac = layer.src;
      reader.understood(Layer.cooked);
      if (next?.l !== 'vlan') reader.type(Number(layer.type ?? 0));
      return unknownBehind();
    case 'null':
    case 'nflog':
    case 'chdlc':
      if (layer.type) reader.type(Number(layer.type));
      reader.understood(Layer.cooked);
      return unknownBehind();
    case 'pppoed':
    case 'pppoes':
      reader.type(layer.l === 'pppoed' ? 0x8863 : 0x8864);
      reader.understood(Layer.pppoe);
      return true;
    case 'ppp':
      reader.understood(Layer.ppp);
      if (next) return true;
      return Number(layer.proto) >= 0x8000 ? false : reader.stop(Stop.unsupported, Layer.network);
    case 'nsh':
      reader.understood(Layer.nsh);
      return unknownBehind();
    case 'mpls':
      return readLabel(reader, layer, index);
    case 'ieee8021ah':
      reader.type(0x88e7);
      if (!reader.enter(Tunnel.pbb, Number(layer.isid), Layer.ethernet)) return false;
      reader.set(Field.innerMacs, { innerSrcMac: layer.src as string, innerDstMac: layer.dst as string });
      reader.understood(Layer.ethernet);
      return unknownBehind();
    case 'pwethcw':
    case 'etherip':
      return true;
    case 'arp':
      if (index > 0 && before !== 'sll') reader.type(0x0806);
      if (layer.hw !== 1) return reader.stop(Stop.unsupported, Layer.arp);
      reader.newPacket();
      reader.set(Field.addresses, { srcAddress: layer.spa as string, dstAddress: layer.tpa as string });
      reader.understood(Layer.arp);
      return false;
    case 'ip':
    case 'ipv6':
      return readIp(reader, layer, index);
    default:
      return extensionKinds.has(layer.l) || layer.l in extensionProtocols
        ? readExtension(reader, layer, index)
        : readTransport(reader, layer, index);
  }
}

const typeOfKind: Record<string, number> = { ip: 0x0800, ipv6: 0x86dd, arp: 0x0806, mpls: 0x8847, pppoes: 0x8864 };
const extensionProtocols: Record<string, number> = { hip: 139, shim6: 140, mipv6: 135 };

function readLabel(reader: Reader, layer: SeenLayer, index: number): boolean {
  const before = reader.layers[index - 1]?.l;
  const { result } = reader;
  const kind = before === 'udp' ? Tunnel.mplsUdp : before === 'ip' || before === 'ipv6' ? Tunnel.mplsIp : Tunnel.none;
  if (kind !== Tunnel.none && !reader.enter(kind, undefined, Layer.mpls)) return false;
  reader.type(0x8847);
  const firstAt = reader.layers.findIndex(({ l }) => l === 'mpls');
  const isFirstStack = reader.layers.slice(firstAt, index).every(({ l }) => l === 'mpls');
  if (isFirstStack && result.labels.length < 8) result.labels.push(Number(layer.label));
  result.fields.add(Field.mpls);
  if (layer.bos !== 1) return true;
  reader.understood(Layer.mpls);
  const isItsTunnel = result.values.tunnelKind === Tunnel.mplsUdp || result.values.tunnelKind === Tunnel.mplsIp;
  if (isItsTunnel && !result.fields.has(Field.tunnelId)) reader.set(Field.tunnelId, { tunnelId: Number(layer.label) });
  return index + 1 < reader.layers.length ? true : reader.stop(Stop.unsupported, Layer.network);
}

function readIp(reader: Reader, ip: SeenLayer, index: number): boolean {
  // A header that is cut: tshark shows it without addresses.
  if (ip.src === undefined || ip.dst === undefined) return false;
  const { result } = reader;
  const before = reader.layers[index - 1]?.l ?? '';
  const isInIp = before === 'ip' || before === 'ipv6' || extensionKinds.has(before);
  if (isInIp) {
    const kind = reader.spi === undefined ? Tunnel.ipip : Tunnel.ah;
    if (!reader.enter(kind, reader.spi, ip.l === 'ip' ? Layer.ipv4 : Layer.ipv6)) return false;
  }
  reader.type(ip.l === 'ip' ? 0x0800 : 0x86dd);
  reader.newPacket();
  const tos = Number(ip.tos);
  const protocol = Number(ip.proto ?? ip.nxt);
  reader.set(Field.addresses, {
    srcAddress: ip.src,
    dstAddress: ip.dst,
    ttl: Number(ip.ttl),
    dscp: tos >> 2,
    ecn: tos & 3,
    flowLabel: Number(ip.flow ?? 0),
    protocol,
  });
  const jumbo = reader.layers[index + 1]?.jumbo;
  const bytes = ip.l === 'ip' ? Number(ip.len) : 40 + Number(jumbo ?? ip.plen);
  if (!('ipBytes' in result.values) && bytes !== 0 && bytes !== 40) result.values.ipBytes = bytes;
  reader.understood(ip.l === 'ip' ? Layer.ipv4 : Layer.ipv6);
  return ip.l === 'ip' ? readFragment(reader, ip, protocol, index) : behindIp(reader, protocol, index);
}

function readFragment(reader: Reader, fragment: SeenLayer, protocol: number, index: number): boolean {
  const fragmentOffset = Number(fragment.frag_off ?? 0);
  const moreFragments = fragment.mf === 1;
  Object.assign(reader.result.values, { fragmentOffset, moreFragments });
  if (fragmentOffset > 0 || moreFragments || fragment.l !== 'ip') reader.result.fields.add(Field.fragment);
  return fragmentOffset === 0 && behindIp(reader, protocol, index);
}

function readExtension(reader: Reader, layer: SeenLayer, index: number): boolean {
  let count = 1;
  while (extensionKinds.has(reader.layers[index - count]?.l ?? '')) count++;
  if (count > EXTENSIONS_MAX) return reader.stop(Stop.unsupported, Layer.ipv6Extension);
  const protocol = Number(layer.nxt ?? 59);
  reader.result.values.protocol = protocol;
  if (layer.l === 'ah') reader.spi = Number(layer.spi);
  reader.understood(extensionLayers[layer.l] ?? Layer.ipv6Extension);
  return layer.l === 'ipv6.fraghdr' ? readFragment(reader, layer, protocol, index) : behindIp(reader, protocol, index);
}

/** Where tshark has no header behind, the protocol decides whether that is all. */
function behindIp(reader: Reader, protocol: number, index: number): boolean {
  if (protocol in recognised) {
    reader.understood(recognised[protocol] as number);
    return false;
  }
  if (protocol === 59) return false;
  const next = reader.layers[index + 1];
  return next || walked.has(protocol) ? true : reader.stop(Stop.unsupported, Layer.transport);
}

function readTransport(reader: Reader, layer: SeenLayer, index: number): boolean {
  const known = transports[layer.l];
  if (known === undefined) return reader.stop(Stop.unsupported, Layer.transport);
  if (layer.sport !== undefined)
    reader.set(Field.ports, { srcPort: Number(layer.sport), dstPort: Number(layer.dport) });
  if (layer.flags !== undefined && layer.win !== undefined)
    reader.set(Field.tcp, { tcpFlags: Number(layer.flags) & 0x1ff, tcpWindow: Number(layer.win) });
  if (layer.l.startsWith('icmp'))
    reader.set(Field.icmp, { icmpType: Number(layer.type), icmpCode: Number(layer.code) });
  reader.understood(known);
  return index + 1 < reader.layers.length && layer.l === 'udp';
}
