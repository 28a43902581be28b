// What decoding gives: one mutable record, filled again for each packet, so that a sample costs no allocation.
// The numbers of Stop and Layer are stored in samples and flows: add to them, never renumber.
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

/** Bit positions of `layers`: keep below 31. */
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
} as const;

/** The memory of addresses is reused too: copy them before keeping them past the next packet. */
export interface DecodedHeader {
  stop: number;
  /** Where decoding ended; when complete, the innermost header understood. */
  stopLayer: number;
  /** Bit 1 << Layer.x for each header understood as a whole. */
  layers: number;
  /** 48 bits as a number. */
  srcMac: number;
  dstMac: number;
  vlanId: number;
  innerVlanId: number;
  etherType: number;
  /** Bytes in front of the network header. */
  l2Bytes: number;
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
  icmpType: number;
  icmpCode: number;
}

export function createDecodedHeader(): DecodedHeader {
  return {
    stop: 0,
    stopLayer: 0,
    layers: 0,
    srcMac: 0,
    dstMac: 0,
    vlanId: 0,
    innerVlanId: 0,
    etherType: 0,
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
    icmpType: 0,
    icmpCode: 0,
  };
}

/** Nothing of the packet before may show through. */
export function resetDecodedHeader(out: DecodedHeader): void {
  out.stop = Stop.complete;
  out.stopLayer = Layer.none;
  out.layers = 0;
  out.srcMac = 0;
  out.dstMac = 0;
  out.vlanId = 0;
  out.innerVlanId = 0;
  out.etherType = 0;
  out.l2Bytes = 0;
  out.ipBytes = 0;
  for (let i = 0; i < 16; i++) {
    out.srcAddress[i] = 0;
    out.dstAddress[i] = 0;
  }
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
  out.icmpType = 0;
  out.icmpCode = 0;
}
