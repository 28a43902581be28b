// Generated from the .avsc files by schemas/generate.ts; do not edit.

/** Topic tcxflow.counters.v1. Cumulative counters of an agent. Key: agent. */
export interface Counters {
  agent: string;
  agentAddress: Address;
  bootId: BootId;
  /** From 1 per boot id: the sFlow counter sequence of each interface in it. */
  sequence: number;
  timeNs: bigint;
  interfaces: InterfaceCounters[];
}

export type Address = Buffer;

export type BootId = Buffer;

/** RTM_GETLINK and IFLA_STATS64, named after IF-MIB (RFC 2863). null: the kernel does not say. */
export interface InterfaceCounters {
  ifIndex: number;
  ifName: string;
  /** IANAifType: 6 Ethernet, 24 loopback, 131 tunnel, 1 other. */
  ifType: number;
  /** bit/s; 0 = unknown. */
  ifSpeed: number;
  /** 0 unknown, 1 full duplex, 2 half duplex. */
  ifDirection: number;
  adminUp: boolean;
  operUp: boolean;
  promiscuous: boolean;
  mtu: number;
  inOctets: number;
  inPackets: number;
  inMulticast: null | number;
  inBroadcast: null | number;
  inDiscards: number;
  inErrors: number;
  outOctets: number;
  outPackets: number;
  outMulticast: null | number;
  outBroadcast: null | number;
  outDiscards: number;
  outErrors: number;
}

/** Topic tcxflow.decoded-samples.v1. The samples of one raw batch that share an output partition. Key: partition by flow hash. */
export interface DecodedBatch {
  agent: string;
  agentAddress: Address;
  bootId: BootId;
  /** Of the raw batch. */
  batchSequence: number;
  decoderVersion: number;
  /** Partition and offset of the raw batch: a reader drops what it has seen. */
  sourcePartition: number;
  sourceOffset: number;
  baseTimeNs: bigint;
  sources: Source[];
  samples: DecodedSample[];
}

export interface Source {
  ifIndex: number;
  ifName: string;
  direction: Direction;
}

export type Direction = 'ingress' | 'egress';

export interface DecodedSample {
  /** Index into sources. */
  source: number;
  sequence: number;
  timeOffsetNs: number;
  samplingRate: number;
  sampleCount: number;
  segments: number;
  wireBytes: number;
  /** Of all segments; 0 when not IP. */
  ipBytes: number;
  inputIfIndex: number;
  outputIfIndex: number;
  /** Why decoding ended: 0 complete, 1 truncated by capture, 2 malformed, 3 unsupported. */
  stop: number;
  /** Layer where it ended, see docs/reference/decoding.md. */
  stopLayer: number;
  /** 48 bits as a number. */
  srcMac: number;
  dstMac: number;
  /** Outer VLAN id, 0 = untagged. */
  vlanId: number;
  innerVlanId: number;
  /** After VLAN tags. */
  etherType: number;
  /** IPv4 mapped into IPv6; zero when there is none. ARP: sender and target protocol address. */
  srcAddress: Address;
  dstAddress: Address;
  /** IP protocol after IPv6 extension headers. */
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
  tcpFlags: number;
  icmpType: number;
  icmpCode: number;
}

/** Topic tcxflow.flows.v1, one record a message. The samples of one key in one window; every measure is additive, so several records of one key and window (late samples) add up. */
export interface Flow {
  windowStart: number;
  windowMs: number;
  /** An additional record: its window had been emitted before. */
  late: boolean;
  agent: string;
  agentAddress: Address;
  ifIndex: number;
  ifName: string;
  direction: Direction;
  inputIfIndex: number;
  outputIfIndex: number;
  vlanId: number;
  innerVlanId: number;
  etherType: number;
  srcAddress: Address;
  dstAddress: Address;
  protocol: number;
  srcPort: number;
  /** For ICMP and ICMPv6: type * 256 + code, as IPFIX icmpTypeCode. */
  dstPort: number;
  dscp: number;
  /** Why decoding ended: 0 complete, 1 truncated, 2 malformed, 3 unsupported. */
  stop: number;
  /** n */
  samples: number;
  /** Estimate: sum of w, w = sampling rate. */
  packets: number;
  /** Estimate: sum of w * b. */
  bytes: number;
  ipBytes: number;
  /** Sum of w(w-1): unbiased variance of packets. */
  packetsVariance: number;
  /** Sum of w(w-1) * b^2: unbiased variance of bytes. */
  bytesVariance: number;
  firstNs: bigint;
  lastNs: bigint;
  /** OR of all. */
  tcpFlags: number;
  minTtl: number;
  maxTtl: number;
  /** Shortest frame. */
  minLength: number;
  maxLength: number;
  decoderVersion: number;
}

/** Topic tcxflow.ledger.v1. What one stage did with one agent's samples in one minute. Key: agent. */
export interface LedgerEntry {
  agent: string;
  bootId: BootId;
  /** capture, decode, aggregate, writer, sflow. */
  stage: string;
  minute: number;
  /** Samples. */
  in: number;
  out: number;
  waiting: number;
  lost: Loss[];
}

export interface Loss {
  cause: string;
  samples: number;
}

/** Topic tcxflow.raw-samples.v1. What one agent sampled, in the order the kernel chose it. Key: agent. */
export interface SampleBatch {
  /** Stable name of the host or switch. */
  agent: string;
  /** IPv6, or IPv4 mapped (::ffff:a.b.c.d): the sFlow agent address. */
  agentAddress: Address;
  /** New at each start of the agent: sequences and pools start again with it. */
  bootId: BootId;
  /** From 1, without gaps, per boot id. */
  batchSequence: number;
  /** Wall-clock time that the samples' offsets count from. */
  baseTimeNs: bigint;
  /** Wall clock minus kernel monotonic clock, as used for this batch. */
  clockOffsetNs: bigint;
  /** Half the time that reading both clocks took. */
  clockUncertaintyNs: number;
  /** State of each measuring point (interface and direction), cumulative since the boot id. */
  sources: SourceState[];
  samples: RawSample[];
}

export interface SourceState {
  ifIndex: number;
  ifName: string;
  direction: Direction;
  /** What the header bytes start with. */
  linkType: LinkType;
  /** Pool: wire packets that could have been chosen (a GSO buffer counts as its segments). */
  packets: number;
  /** Kernel buffers (skbs) those packets came in. */
  buffers: number;
  /** Wire bytes of the pool: Ethernet frames without FCS, VLAN tag included; IP bytes on an L3 device. */
  bytes: number;
  /** Samples chosen; equals the highest sequence given out. */
  selected: number;
  /** Samples chosen but lost: no space in the ring. */
  ringFull: number;
  /** Samples chosen but lost: header bytes could not be copied. */
  copyFailed: number;
  /** Packets of the agent's own traffic, kept out of the pool. */
  own: number;
}

export type LinkType = 'ethernet' | 'ip';

/** One kernel buffer of which sampleCount packets were chosen. */
export interface RawSample {
  /** Index into sources. */
  source: number;
  /** Number of the first sample of this buffer, from 1 per source; it holds sequence … sequence + sampleCount - 1. */
  sequence: number;
  /** Kernel time of the packet, from baseTimeNs. */
  timeOffsetNs: number;
  /** N of 1:N when this packet was chosen. */
  samplingRate: number;
  /** Packets chosen of this buffer: 1, or more for GSO. */
  sampleCount: number;
  /** Wire packets in this buffer. */
  segments: number;
  /** Bytes of all its packets on the wire, replicated headers included. */
  wireBytes: number;
  /** skb->protocol: what an L3 device's header starts with. */
  etherType: number;
  /** Where an outgoing packet came in; 0 = unknown or this host. */
  inputIfIndex: number;
  /** Where the routing table sends an incoming packet; 0 = unknown or this host. */
  outputIfIndex: number;
  /** First bytes of the packet; a VLAN tag held in kernel metadata is put back. */
  header: Buffer;
}
