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
  host: null | HostCounters;
  /** Interfaces that are new or have changed since the last message; after a start all of them. */
  metadata: InterfaceMetadata[];
}

export type Address = Buffer;

export type BootId = Buffer;

/** RTM_GETLINK and IFLA_STATS64, named after IF-MIB (RFC 2863). null: the kernel does not say. Multicast sent and broadcast: ethtool statistics. */
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
  /** null: no Ethernet, or nothing is known. */
  ethernet: null | EthernetCounters;
}

/** sFlow ethernet_counters, dot3StatsTable of EtherLike-MIB (RFC 3635), IEEE 802.3 clause 30: ETHTOOL_MSG_STATS_GET, groups eth-mac and eth-phy, else IFLA_STATS64 of a physical port, where a zero cannot be told from not counted and is null. null: the driver does not say. */
export interface EthernetCounters {
  /** 30.3.1.1.7, dot3StatsAlignmentErrors. */
  alignmentErrors: null | number;
  /** 30.3.1.1.6, dot3StatsFCSErrors. */
  fcsErrors: null | number;
  /** 30.3.1.1.3. */
  singleCollisionFrames: null | number;
  /** 30.3.1.1.4. */
  multipleCollisionFrames: null | number;
  /** 30.3.2.1.4. */
  sqeTestErrors: null | number;
  /** 30.3.1.1.9. */
  deferredTransmissions: null | number;
  /** 30.3.1.1.10. */
  lateCollisions: null | number;
  /** 30.3.1.1.11. */
  excessiveCollisions: null | number;
  /** 30.3.1.1.12. */
  internalMacTransmitErrors: null | number;
  /** 30.3.1.1.13. */
  carrierSenseErrors: null | number;
  /** 30.3.1.1.25; of a driver without ethtool statistics rx_length_errors, which is that and 30.3.1.1.23 and .24. */
  frameTooLongs: null | number;
  /** 30.3.1.1.15; of a driver without ethtool statistics rx_over_errors. */
  internalMacReceiveErrors: null | number;
  /** 30.3.2.1.5. */
  symbolErrors: null | number;
}

/** The machine, from /proc and /sys, named after the sFlow Host Structures. Cumulative since boot unless said otherwise. null: Linux does not say. */
export interface HostCounters {
  description: null | HostDescription;
  cpu: null | HostCpu;
  memory: null | HostMemory;
  disk: null | HostDisk;
  network: null | HostNetwork;
  ip: null | HostIp;
  icmp: null | HostIcmp;
  tcp: null | HostTcp;
  udp: null | HostUdp;
}

/** sFlow host_descr (2000). */
export interface HostDescription {
  /** uname nodename: /proc/sys/kernel/hostname. */
  hostname: string;
  /** /sys/class/dmi/id/product_uuid (root may read it), else /etc/machine-id. Bytes as printed. */
  uuid: null | HostUuid;
  /** Of uname machine: 0 unknown, 1 other, 2 x86, 3 x86_64, 4 ia64, 5 sparc, 6 alpha, 7 powerpc, 8 m68k, 9 mips, 10 arm and aarch64, 11 hppa, 12 s390. */
  machineType: number;
  /** Always 2: Linux. */
  osName: number;
  /** uname release: /proc/sys/kernel/osrelease. sFlow sends at most 32 bytes of it. */
  osRelease: null | string;
}

export type HostUuid = Buffer;

/** sFlow host_cpu (2003), all CPUs together. Times of /proc/stat in ms, in steps of 10 (USER_HZ 100). */
export interface HostCpu {
  /** Load average of 1 minute: /proc/loadavg. */
  loadOne: null | number;
  /** Of 5 minutes. */
  loadFive: null | number;
  /** Of 15 minutes. */
  loadFifteen: null | number;
  /** Threads that run or could, the reader itself not counted: /proc/loadavg. */
  procRun: null | number;
  /** Threads: /proc/loadavg. */
  procTotal: null | number;
  /** CPUs that are online: lines cpuN of /proc/stat. */
  cpuNum: null | number;
  /** First "cpu MHz" of /proc/cpuinfo; x86 has it, ARM does not. */
  speedMhz: null | number;
  /** Whole seconds since boot: /proc/uptime. */
  uptimeSeconds: null | number;
  /** user of /proc/stat, guestMs included. */
  userMs: number;
  /** nice, guestNiceMs included. */
  niceMs: number;
  /** system. */
  systemMs: number;
  /** idle. */
  idleMs: number;
  /** iowait. The kernel may let it fall. */
  wioMs: null | number;
  /** irq. */
  intrMs: null | number;
  /** softirq. */
  sintrMs: null | number;
  /** Serviced since boot: first number of intr in /proc/stat. */
  interrupts: null | number;
  /** Context switches since boot: ctxt of /proc/stat. */
  contexts: null | number;
  /** steal: time that the hypervisor gave to others. */
  stealMs: null | number;
  /** guest: virtual CPUs of this host. */
  guestMs: null | number;
  /** guest_nice. */
  guestNiceMs: null | number;
}

/** sFlow host_memory (2004). */
export interface HostMemory {
  /** MemTotal of /proc/meminfo. */
  totalBytes: number;
  /** MemFree. */
  freeBytes: number;
  /** Shmem; part of cachedBytes. */
  sharedBytes: null | number;
  /** Buffers. */
  buffersBytes: null | number;
  /** Cached + SReclaimable. */
  cachedBytes: null | number;
  /** SwapTotal. */
  swapTotalBytes: null | number;
  /** SwapFree. */
  swapFreeBytes: null | number;
  /** KiB read from block devices since boot: pgpgin of /proc/vmstat, sent as page_in. */
  pageInKib: null | number;
  /** KiB written: pgpgout, sent as page_out. */
  pageOutKib: null | number;
  /** pswpin of /proc/vmstat. */
  swapInPages: null | number;
  /** pswpout. */
  swapOutPages: null | number;
}

/** sFlow host_disk_io (2005). Sizes: statfs of local read-write filesystems on block devices, each device once. I/O: whole physical disks, no partition, dm, md, loop, ram. */
export interface HostDisk {
  /** Of the filesystems: f_blocks. */
  totalBytes: null | number;
  /** For unprivileged users: f_bavail. */
  freeBytes: null | number;
  /** Of the fullest filesystem: what is not free, of its total. sFlow sends hundredths. */
  partMaxUsedPercent: null | number;
  /** Completed since boot: /proc/diskstats. */
  reads: null | number;
  /** Sectors of 512 bytes. */
  readBytes: null | number;
  /** Time of all reads together. The kernel counts it per disk in 32 bits. */
  readMs: null | number;
  /** Completed since boot. */
  writes: null | number;
  /** Sectors of 512 bytes. */
  writtenBytes: null | number;
  /** Time of all writes together, as readMs. */
  writeMs: null | number;
}

/** sFlow host_net_io (2006): /proc/net/dev, summed over physical interfaces that are up. No loopback, VLAN, bond, bridge, veth or tunnel: their packets are counted below them. The sum changes when an interface comes or goes. */
export interface HostNetwork {
  /** Received. */
  inBytes: number;
  /** Received. */
  inPackets: number;
  /** errs. */
  inErrors: number;
  /** drop, missed packets included. */
  inDrops: number;
  /** Sent. */
  outBytes: number;
  /** Sent. */
  outPackets: number;
  /** errs. */
  outErrors: number;
  /** drop. */
  outDrops: number;
}

/** sFlow mib2_ip_group (2007): IPv4, /proc/net/snmp, line Ip. IP-MIB (RFC 4293, earlier RFC 2011) without the prefix ip. */
export interface HostIp {
  /** 1 forwards, 2 does not. */
  forwarding: null | number;
  /** Hops: net.ipv4.ip_default_ttl. */
  defaultTTL: null | number;
  /** Datagrams, as all that follow. */
  inReceives: null | number;
  /** InHdrErrors. */
  inHdrErrors: null | number;
  /** InAddrErrors. */
  inAddrErrors: null | number;
  /** ForwDatagrams. */
  forwDatagrams: null | number;
  /** InUnknownProtos. */
  inUnknownProtos: null | number;
  /** InDiscards. */
  inDiscards: null | number;
  /** InDelivers. */
  inDelivers: null | number;
  /** OutRequests. */
  outRequests: null | number;
  /** OutDiscards. */
  outDiscards: null | number;
  /** OutNoRoutes. */
  outNoRoutes: null | number;
  /** In the MIB seconds; Linux counts reassemblies that ran out of time. */
  reasmTimeout: null | number;
  /** Fragments. */
  reasmReqds: null | number;
  /** ReasmOKs. */
  reasmOKs: null | number;
  /** ReasmFails. */
  reasmFails: null | number;
  /** FragOKs. */
  fragOKs: null | number;
  /** FragFails. */
  fragFails: null | number;
  /** Fragments. */
  fragCreates: null | number;
}

/** sFlow mib2_icmp_group (2008): ICMPv4 messages, /proc/net/snmp, line Icmp, by name. RFC 2011 without the prefix icmp. */
export interface HostIcmp {
  /** InMsgs. */
  inMsgs: null | number;
  /** InErrors. */
  inErrors: null | number;
  /** InDestUnreachs. */
  inDestUnreachs: null | number;
  /** InTimeExcds. */
  inTimeExcds: null | number;
  /** InParmProbs in the kernel. */
  inParamProbs: null | number;
  /** InSrcQuenchs. */
  inSrcQuenchs: null | number;
  /** InRedirects. */
  inRedirects: null | number;
  /** InEchos. */
  inEchos: null | number;
  /** InEchoReps. */
  inEchoReps: null | number;
  /** InTimestamps. */
  inTimestamps: null | number;
  /** InAddrMasks. */
  inAddrMasks: null | number;
  /** InAddrMaskReps. */
  inAddrMaskReps: null | number;
  /** OutMsgs. */
  outMsgs: null | number;
  /** OutErrors. */
  outErrors: null | number;
  /** OutDestUnreachs. */
  outDestUnreachs: null | number;
  /** OutTimeExcds. */
  outTimeExcds: null | number;
  /** OutParmProbs in the kernel. */
  outParamProbs: null | number;
  /** OutSrcQuenchs. */
  outSrcQuenchs: null | number;
  /** OutRedirects. */
  outRedirects: null | number;
  /** OutEchos. */
  outEchos: null | number;
  /** OutEchoReps. */
  outEchoReps: null | number;
  /** OutTimestamps. */
  outTimestamps: null | number;
  /** OutTimestampReps. */
  outTimestampReps: null | number;
  /** OutAddrMasks. */
  outAddrMasks: null | number;
  /** OutAddrMaskReps. */
  outAddrMaskReps: null | number;
}

/** sFlow mib2_tcp_group (2009): IPv4 and IPv6, /proc/net/snmp, line Tcp. TCP-MIB (RFC 4022) without the prefix tcp. */
export interface HostTcp {
  /** 1 other. */
  rtoAlgorithm: null | number;
  /** RtoMin. */
  rtoMinMs: null | number;
  /** RtoMax. */
  rtoMaxMs: null | number;
  /** -1: no limit. */
  maxConn: null | number;
  /** ActiveOpens. */
  activeOpens: null | number;
  /** PassiveOpens. */
  passiveOpens: null | number;
  /** AttemptFails. */
  attemptFails: null | number;
  /** EstabResets. */
  estabResets: null | number;
  /** Connections in ESTABLISHED or CLOSE-WAIT now. */
  currEstab: null | number;
  /** Segments, as all that follow. */
  inSegs: null | number;
  /** OutSegs. */
  outSegs: null | number;
  /** RetransSegs. */
  retransSegs: null | number;
  /** InErrs. */
  inErrs: null | number;
  /** OutRsts. */
  outRsts: null | number;
  /** Linux; not in the MIB. */
  inCsumErrors: null | number;
}

/** sFlow mib2_udp_group (2010): datagrams over IPv4, /proc/net/snmp, line Udp. UDP-MIB (RFC 4113) without the prefix udp. */
export interface HostUdp {
  /** InDatagrams. */
  inDatagrams: null | number;
  /** NoPorts. */
  noPorts: null | number;
  /** InErrors. */
  inErrors: null | number;
  /** OutDatagrams. */
  outDatagrams: null | number;
  /** Linux; part of inErrors. */
  rcvbufErrors: null | number;
  /** Linux. */
  sndbufErrors: null | number;
  /** Linux; part of inErrors. */
  inCsumErrors: null | number;
}

/** What an interface is, from validFromNs on until the next record of the same ifIndex. */
export interface InterfaceMetadata {
  validFromNs: bigint;
  /** It is gone, or in another namespace; the other fields say what it was. */
  removed: boolean;
  /** As in samples: unique for the agent, also over network namespaces. */
  ifIndex: number;
  /** Network namespace; empty: the agent's own. */
  netns: string;
  name: string;
  alias: string;
  /** physical, loopback, other, or as the kernel says: veth, bridge, vlan, bond, … */
  kind: string;
  /** ifIndex of the lower or peer device (IFLA_LINK), 0 = none. */
  parent: number;
  /** ifIndex of its bridge or bond, 0 = none. */
  master: number;
  /** Empty when it has none. */
  mac: string;
  mtu: number;
  /** 0 = unknown. */
  speedBps: number;
  adminUp: boolean;
  operUp: boolean;
  addresses: InterfaceAddress[];
  /** N of 1:N of incoming packets; 0 = not sampled. */
  ingressRate: number;
  egressRate: number;
}

export interface InterfaceAddress {
  address: Address;
  /** Of the address family: 24 for 192.0.2.0/24. */
  prefixBits: number;
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
  /** Of the agent when the batch was captured; empty: not known (yet). */
  agentHostname: string;
  /** This and the next three: as the rules of decode.enrich.rules say. */
  agentRole: string;
  agentSite: string;
  agentRegion: string;
  agentTenant: string;
  networks: Network[];
  autonomousSystems: AutonomousSystem[];
}

export interface Source {
  ifIndex: number;
  ifName: string;
  direction: Direction;
  /** As it was when the batch was captured; empty: none, or not known (yet). */
  ifAlias: string;
  /** This and the next two: as the rules of decode.enrich.rules say. */
  ifConnectivity: string;
  ifProvider: string;
  /** external, internal, or empty. */
  ifBoundary: string;
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
  /** Bit 2^n for each header understood as a whole, see docs/reference/decoding.md. */
  layers: number;
  /** Bit 2^n for each group of fields that the packet had: there a zero is a value. */
  fields: number;
  tcpWindow: number;
  tcpMss: number;
  /** Top first, at most 8. */
  mplsLabels: number[];
  tunnel: null | TunnelHeader;
  application: null | Application;
  /** Index into networks, plus 1; 0 = in none. */
  srcNetwork: number;
  dstNetwork: number;
  /** Index into autonomousSystems, plus 1; 0 = unknown. */
  srcAs: number;
  dstAs: number;
  /** ISO 3166-1 alpha-2: code of the first letter * 256 + code of the second; 0 = unknown. */
  srcCountry: number;
  dstCountry: number;
}

/** What the packet was carried in: addresses and everything else outside of this record are of the innermost packet. */
export interface TunnelHeader {
  /** Tunnels entered. */
  depth: number;
  /** Of the innermost tunnel, see docs/reference/decoding.md. */
  kind: number;
  /** Its VNI, key, TEID, session or SPI. */
  id: number;
  /** Of the outermost IP header, like the others. */
  outerSrcAddress: Address;
  outerDstAddress: Address;
  outerProtocol: number;
  outerDscp: number;
  outerTtl: number;
  outerSrcPort: number;
  outerDstPort: number;
  innerSrcMac: number;
  innerDstMac: number;
}

/** From the payload's first bytes, when decode.application is on. */
export interface Application {
  /** 1 DNS, 2 TLS, 3 QUIC, 4 HTTP. */
  kind: number;
  /** Question, server name, or host. */
  name: string;
  alpn: string;
  /** TLS or QUIC. */
  version: number;
  /** DNS question. */
  type: number;
  /** DNS response; -1 in a query. */
  code: number;
}

/** A line of decode.enrich.networks_file. */
export interface Network {
  name: string;
  role: string;
  site: string;
  tenant: string;
}

export interface AutonomousSystem {
  number: number;
  organisation: string;
}

/** Topic tcxflow.drops.v1. Packets that an agent's kernel dropped, in any network namespace, by the kernel's reason. Without drops one comes with each poll of counters. Key: agent. */
export interface DropBatch {
  /** Stable name of the host or switch. */
  agent: string;
  /** IPv6, or IPv4 mapped (::ffff:a.b.c.d): the sFlow agent address. */
  agentAddress: Address;
  /** New at each start of the agent: sequences and pools start again with it. */
  bootId: BootId;
  /** From 1, without gaps, per boot id; batches of this topic. */
  batchSequence: number;
  /** Wall-clock time that the drops' offsets count from. */
  baseTimeNs: bigint;
  /** Wall clock minus kernel monotonic clock, as used for this batch. */
  clockOffsetNs: bigint;
  /** Half the time that reading both clocks took. */
  clockUncertaintyNs: number;
  /** Drops that are in no counter, cumulative: they came while the program was running on that CPU. */
  missed: number;
  /** State of each reason in this batch, cumulative since the boot id; with each poll of counters, of all that there were. */
  reasons: ReasonState[];
  drops: Drop[];
}

export interface ReasonState {
  /** As the agent's kernel calls it, without SKB_DROP_REASON_; a subsystem's with its name before it. */
  name: string;
  /** In that kernel; others may number differently. */
  number: number;
  /** Pool: packets dropped as the kernel has them (a GSO buffer is one). */
  buffers: number;
  /** The same on the wire: a GSO buffer counts as its segments. */
  packets: number;
  /** Dropped buffers of local sockets (AF_UNIX, netlink): no packets, not in the pool. */
  local: number;
  /** Buffers chosen. */
  selected: number;
  /** Of them lost: more in a second than capture.drops.max_per_second. */
  overBound: number;
  /** Of them lost: no space in the ring. */
  ringFull: number;
}

/** One kernel buffer that was dropped and chosen. */
export interface Drop {
  /** Index into reasons. */
  reason: number;
  /** Kernel time of the drop, from baseTimeNs. */
  timeOffsetNs: number;
  /** N of 1:N when it was chosen. */
  samplingRate: number;
  /** Network namespace: its inode number, as `readlink /proc/PID/ns/net` and `lsns` show it; 0 = unknown. */
  netns: number;
  /** Interface that had the packet, in that namespace; without one, where it came in; 0 = neither. */
  ifIndex: number;
  /** Of the interface that had it; empty = none had. */
  ifName: string;
  /** Where it came in; 0 = made by this host, or unknown. */
  inputIfIndex: number;
  /** What the header bytes start with; ip: the network header, of the protocol that etherType says. */
  linkType: LinkType;
  /** skb->protocol. */
  etherType: number;
  /** Wire packets in this buffer. */
  segments: number;
  /** Of the buffer, from where the header starts; VLAN tag included. */
  bytes: number;
  /** First bytes; a VLAN tag held in kernel metadata is put back. Empty when the kernel had none at hand. */
  header: Buffer;
}

export type LinkType = 'ethernet' | 'ip';

/** Topic tcxflow.flow-summaries.v1, one record a message. The samples of one key in one window of a key set of aggregate.key_sets; the same samples as in the flows, never to be added to them. Key: keySet … dstNetwork as Avro has them. Each partition of the decoded samples makes a record of its own, and late samples one more: every measure is additive, so records of one key and window add up. Fields that are not in the key are zero or empty. */
export interface FlowSummary {
  windowStart: number;
  windowMs: number;
  /** An additional record: its window had been emitted before. */
  late: boolean;
  /** Its name. */
  keySet: string;
  /** Names of the fields in its key, with commas between them; /24/48 behind an address: only that many bits of IPv4 and IPv6. */
  keyFields: string;
  agent: string;
  agentSite: string;
  agentRole: string;
  ifIndex: number;
  ifName: string;
  ifAlias: string;
  /** external, internal, or empty. */
  ifBoundary: string;
  /** ingress or egress; empty: both. */
  direction: string;
  inputIfIndex: number;
  outputIfIndex: number;
  vlanId: number;
  innerVlanId: number;
  etherType: number;
  srcAddress: Address;
  dstAddress: Address;
  protocol: number;
  srcPort: number;
  /** For ICMP and ICMPv6: type * 256 + code. */
  dstPort: number;
  dscp: number;
  /** Why decoding ended: 0 complete, 1 truncated, 2 malformed, 3 unsupported. */
  stop: number;
  /** Of the innermost tunnel, see docs/reference/decoding.md. */
  tunnelKind: number;
  tunnelId: number;
  /** Of the outermost IP header. */
  outerSrcAddress: Address;
  outerDstAddress: Address;
  /** Top label. */
  mplsLabel: number;
  srcAs: number;
  dstAs: number;
  /** ISO 3166-1 alpha-2. */
  srcCountry: string;
  dstCountry: string;
  /** Name in decode.enrich.networks_file. */
  srcNetwork: string;
  dstNetwork: string;
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
  /** Of the innermost tunnel, see docs/reference/decoding.md; 0 = none. */
  tunnelKind: number;
  /** Its VNI, key, TEID, session or SPI. */
  tunnelId: number;
  /** Of the outermost IP header; zero when there is no tunnel. */
  outerSrcAddress: Address;
  outerDstAddress: Address;
  /** Top label. This and all that follow are of the flow's first sample, no part of its key. */
  mplsLabel: number;
  /** 0 = unknown. */
  srcAs: number;
  dstAs: number;
  /** ISO 3166-1 alpha-2; empty = unknown. */
  srcCountry: string;
  dstCountry: string;
  /** Name in decode.enrich.networks_file; empty = in none. */
  srcNetwork: string;
  dstNetwork: string;
  ifAlias: string;
  /** external, internal, or empty. */
  ifBoundary: string;
  agentSite: string;
  agentRole: string;
  /** Community ID v1, when aggregate.community_id is on. */
  communityId: string;
}

/** Topic tcxflow.ledger.v1. What one stage did with one agent's samples of one minute, in one piece of its work: entries add up. Key: agent. */
export interface LedgerEntry {
  agent: string;
  /** Start of the agent; zeros where the stage does not tell them apart. */
  bootId: BootId;
  /** decode, aggregate, or capture: what that gave up. What it sent and what is stored is seen in Kafka and in ClickHouse, not asked for. */
  stage: string;
  /** Of the samples, by the kernel that chose them; aggregate: of their window's start; capture: of the telling. */
  minute: number;
  /** Samples, here and below. */
  in: number;
  out: number;
  /** No sum, but how it was when this was done. aggregate: of this minute, in open windows; capture: of whatever minute, on disk. */
  waiting: number;
  lost: Loss[];
  /** Messages that went to tcxflow.dead-letter.v1. */
  letters: number;
  /** Of the raw batch; 0 = not known, or several. */
  batchSequence: number;
  /** Partition and offset of the message that this is about: an entry about the same one says the same and replaces the first. -1: each entry counts, as it was committed together with what it is about. */
  sourcePartition: number;
  sourceOffset: number;
  /** From when on it could be done: when the raw batch was sent, when the window ended; capture: when it was told. The entry's own Kafka timestamp says when it was. */
  sinceMs: number;
}

export interface Loss {
  cause: string;
  /** 0: it can't be told how many. */
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
  /** Packets of the agent's own traffic by their mark, kept out of the pool. */
  own: number;
  /** Choices that fell on own traffic by its endpoints: in the pool, but no samples. Times the rate: how much of the pool it is. */
  ownSelected: number;
  /** Samples chosen and sent, but lost before they came to who wrote this: of an sFlow agent, by the gaps in its numbers. */
  lostOnWay: number;
}

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
