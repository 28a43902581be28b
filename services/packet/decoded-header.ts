// What decoding gives: one mutable record, filled again for each packet, so that a sample costs no allocation.
// The numbers of Stop, Layer, Tunnel and Field are stored in samples and flows: add to them, never renumber.
// docs/reference/decoding.md explains every field.

export const Stop = {
  complete: 0,
  /** The capture kept fewer bytes than the frame has. */
  truncated: 1,
  /** The frame ends too early, or its fields contradict each other. */
  malformed: 2,
  /** Something this decoder does not know (yet). */
  unsupported: 3,
} as const;

/** Bit positions of `layers` up to 30, of `moreLayers` (less 31) from there on: keep below 53, so that both fit a number. */
export const Layer = {
  none: 0,
  ethernet: 1,
  vlan: 2,
  /** IEEE 802.3 with a length instead of an EtherType. */
  llc: 3,
  /** Whatever an EtherType unknown to this decoder names. */
  network: 4,
  arp: 5,
  ipv4: 6,
  ipv6: 7,
  /** Hop-by-hop, routing, destination options, mobility, HIP, Shim6. */
  ipv6Extension: 8,
  ipv6Fragment: 9,
  ah: 10,
  esp: 11,
  /** Whatever an IP protocol unknown to this decoder names. */
  transport: 12,
  tcp: 13,
  udp: 14,
  icmp: 15,
  icmpv6: 16,
  mpls: 17,
  pppoe: 18,
  ppp: 19,
  macsec: 20,
  /** IEEE 802.1BR E-TAG, Cisco's VN-Tag and MetaData. */
  etag: 21,
  /** Linux cooked capture, BSD null and loopback, Cisco HDLC: link types of captures. */
  cooked: 22,
  /** Control word of a pseudowire, RFC 4385. */
  controlWord: 23,
  igmp: 24,
  sctp: 25,
  dccp: 26,
  udpLite: 27,
  pim: 28,
  ospf: 29,
  vrrp: 30,
  gre: 31,
  erspan: 32,
  vxlan: 33,
  geneve: 34,
  gtpu: 35,
  l2tp: 36,
  teredo: 37,
  wireguard: 38,
  /** RFC 8300. */
  nsh: 39,
} as const;

/** How a packet was carried inside another. */
export const Tunnel = {
  none: 0,
  gre: 1,
  nvgre: 2,
  erspan: 3,
  vxlan: 4,
  vxlanGpe: 5,
  geneve: 6,
  gtpu: 7,
  /** IP directly in IP: 4in4, 6in4, 4in6, 6in6. */
  ipip: 8,
  l2tp: 9,
  teredo: 10,
  wireguard: 11,
  esp: 12,
  /** MPLS in UDP, RFC 7510. */
  mplsUdp: 13,
  /** Ethernet over MPLS, RFC 4448. */
  eompls: 14,
  /** AH in tunnel mode, RFC 4302. */
  ah: 15,
  /** Ethernet in IP: SRv6 (RFC 8986), EtherIP (RFC 3378). */
  ethernet: 16,
  /** MPLS in IP, RFC 4023. */
  mplsIp: 17,
  /** Provider backbone bridges, IEEE 802.1ah. */
  pbb: 18,
} as const;

/** Bit positions of `fields`: which groups of fields the packet had. Zero is a value, absence is not. */
export const Field = {
  macs: 0,
  vlan: 1,
  innerVlan: 2,
  addresses: 3,
  ports: 4,
  tcp: 5,
  icmp: 6,
  fragment: 7,
  mpls: 8,
  tunnel: 9,
  tunnelId: 10,
  outerAddresses: 11,
  outerPorts: 12,
  innerMacs: 13,
  mss: 14,
} as const;

export const MPLS_LABELS_MAX = 8;

/**
 * The link fields are those of the frame itself; addresses and everything from `protocol` to `icmpCode` those of the innermost
 * packet that could be read; the outer… fields those of the outermost IP header when there is a tunnel.
 * The memory of addresses and labels is reused too: copy them before keeping them past the next packet.
 */
export interface DecodedHeader {
  stop: number;
  /** Where decoding ended; when complete, the innermost header understood. */
  stopLayer: number;
  /** Bit 1 << Layer.x for each header understood as a whole, Layer.x ≤ 30. */
  layers: number;
  /** Bit 1 << (Layer.x - 31) for the others. */
  moreLayers: number;
  /** Bit 1 << Field.x */
  fields: number;
  /** 48 bits as a number. */
  srcMac: number;
  dstMac: number;
  vlanId: number;
  innerVlanId: number;
  /** Behind the frame's own tags. */
  etherType: number;
  /** Top first; `mplsDepth` of them are valid, deeper stacks are walked and not kept. */
  readonly mplsLabels: Uint32Array;
  mplsDepth: number;
  /** Bytes in front of the outermost network header. */
  l2Bytes: number;
  /** Of the outermost IP packet. */
  ipBytes: number;
  readonly srcAddress: Buffer;
  readonly dstAddress: Buffer;
  protocol: number;
  dscp: number;
  ecn: number;
  ttl: number;
  flowLabel: number;
  /** Bytes. */
  fragmentOffset: number;
  moreFragments: boolean;
  srcPort: number;
  dstPort: number;
  /** 9 bits: AE (once NS) is 0x100, FIN is 1. */
  tcpFlags: number;
  tcpWindow: number;
  /** Maximum segment size option; 0 when there is none. */
  tcpMss: number;
  icmpType: number;
  icmpCode: number;
  /** Tunnels entered. */
  tunnelDepth: number;
  /** Of the innermost tunnel, which is what carries the packet above: its kind and VNI, key, TEID, session or SPI. */
  tunnelKind: number;
  tunnelId: number;
  readonly outerSrcAddress: Buffer;
  readonly outerDstAddress: Buffer;
  outerProtocol: number;
  outerDscp: number;
  outerTtl: number;
  outerSrcPort: number;
  outerDstPort: number;
  /** Of the innermost Ethernet header inside a tunnel. */
  innerSrcMac: number;
  innerDstMac: number;
  /** Where the payload of the innermost transport starts in the buffer; -1 when the capture ends before it. */
  payloadAt: number;
  /** Behind its last captured byte, padding left out. */
  payloadEnd: number;
}

export function createDecodedHeader(): DecodedHeader {
  return {
    stop: 0,
    stopLayer: 0,
    layers: 0,
    moreLayers: 0,
    fields: 0,
    srcMac: 0,
    dstMac: 0,
    vlanId: 0,
    innerVlanId: 0,
    etherType: 0,
    mplsLabels: new Uint32Array(MPLS_LABELS_MAX),
    mplsDepth: 0,
    l2Bytes: 0,
    ipBytes: 0,
    srcAddress: Buffer.alloc(16),
    dstAddress: Buffer.alloc(16),
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
    tcpMss: 0,
    icmpType: 0,
    icmpCode: 0,
    tunnelDepth: 0,
    tunnelKind: Tunnel.none,
    tunnelId: 0,
    outerSrcAddress: Buffer.alloc(16),
    outerDstAddress: Buffer.alloc(16),
    outerProtocol: 0,
    outerDscp: 0,
    outerTtl: 0,
    outerSrcPort: 0,
    outerDstPort: 0,
    innerSrcMac: 0,
    innerDstMac: 0,
    payloadAt: -1,
    payloadEnd: -1,
  };
}

/** Without any of these bits nothing of a tunnel was written. */
const TUNNELS = (1 << Field.tunnel) | (1 << Field.innerMacs) | (1 << Field.outerAddresses);
const ADDRESSES = 1 << Field.addresses;
/** Of the packet inside, not of the frame or of what carries it. */
const INNERMOST =
  ADDRESSES | (1 << Field.ports) | (1 << Field.tcp) | (1 << Field.icmp) | (1 << Field.fragment) | (1 << Field.mss);

/** Nothing of the packet before may show through. Addresses are written or cleared later, see clearAddresses(). */
export function resetDecodedHeader(out: DecodedHeader): void {
  if (out.fields & TUNNELS) resetTunnels(out);
  out.stop = Stop.complete;
  out.stopLayer = Layer.none;
  out.layers = 0;
  out.moreLayers = 0;
  out.fields = 0;
  out.srcMac = 0;
  out.dstMac = 0;
  out.vlanId = 0;
  out.innerVlanId = 0;
  out.etherType = 0;
  out.mplsDepth = 0;
  out.l2Bytes = 0;
  out.ipBytes = 0;
  resetInnermost(out);
}

/** Apart, as most packets have none: to write these for every packet costs 5 % of the headers per second. */
function resetTunnels(out: DecodedHeader): void {
  out.tunnelDepth = 0;
  out.tunnelKind = Tunnel.none;
  out.tunnelId = 0;
  out.outerProtocol = 0;
  out.outerDscp = 0;
  out.outerTtl = 0;
  out.outerSrcPort = 0;
  out.outerDstPort = 0;
  out.innerSrcMac = 0;
  out.innerDstMac = 0;
  clear(out.outerSrcAddress);
  clear(out.outerDstAddress);
}

/** Before the next IP header is read: what belongs to the packet around it must not show through either. */
export function resetInnermost(out: DecodedHeader): void {
  out.fields &= ~INNERMOST;
  out.protocol = 0;
  out.dscp = 0;
  out.ecn = 0;
  out.ttl = 0;
  out.flowLabel = 0;
  out.fragmentOffset = 0;
  out.moreFragments = false;
  out.srcPort = 0;
  out.dstPort = 0;
  out.tcpFlags = 0;
  out.tcpWindow = 0;
  out.tcpMss = 0;
  out.icmpType = 0;
  out.icmpCode = 0;
  out.payloadAt = -1;
  out.payloadEnd = -1;
}

/** At the end, and only where no header wrote all 32 bytes: to clear them first would write them twice. */
export function clearAddresses(out: DecodedHeader): void {
  if (out.fields & ADDRESSES) return;
  clear(out.srcAddress);
  clear(out.dstAddress);
}

function clear(address: Buffer): void {
  for (let i = 0; i < 16; i++) address[i] = 0;
}
