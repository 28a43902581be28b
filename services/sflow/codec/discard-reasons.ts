// Reason codes of discarded packets (sFlow Discarded Packet Notification Structures, enum drop_reason), and which of
// them the kernel's names mean (include/net/dropreason-core.h). A kernel has reasons that sFlow does not: unknown.

export const DISCARD_UNKNOWN = 256;

/** From 307 on, in their order. */
const FIRST_PARSE_ERROR = 307;

const CODES: Record<string, number> = {
  // ICMP unreachable codes, 0 to 15.
  IP_OUTNOROUTES: 0,
  IP_INNOROUTES: 0,
  IP_NOPROTO: 2,
  NO_SOCKET: 3,
  // Policy and resources.
  NETFILTER_DROP: 258,
  SECURITY_HOOK: 258,
  SOCKET_RCVBUFF: 259,
  SOCKET_BACKLOG: 259,
  PROTO_MEM: 259,
  NOMEM: 259,
  QDISC_DROP: 259,
  PKT_TOO_BIG: 262,
  MAC_INVALID_SOURCE: 263,
  BRIDGE_INGRESS_STP_STATE: 266,
  UNICAST_IN_L2_MULTICAST: 271,
  IP_CSUM: 275,
  IP_INHDR: 275,
  NEIGH_FAILED: 279,
  NEIGH_QUEUEFULL: 279,
  NEIGH_DEAD: 279,
  NEIGH_CREATEFAIL: 279,
  FULL_RING: 287,
  VXLAN_VNI_NOT_FOUND: 288,
  VXLAN_NO_REMOTE: 288,
  IP_TUNNEL_ECN: 288,
  TUNNEL_TXINFO: 288,
  OTHERHOST: 305,
  // Parse errors.
  VXLAN_INVALID_HDR: FIRST_PARSE_ERROR,
  UDP_CSUM: FIRST_PARSE_ERROR + 9,
  TCP_CSUM: FIRST_PARSE_ERROR + 10,
  // Reasons that came to sFlow from Linux.
  PKT_TOO_SMALL: 324,
  UNHANDLED_PROTO: 325,
  IPV6DISABLED: 326,
  INVALID_PROTO: 327,
  SKB_CSUM: 329,
  SKB_UCOPY_FAULT: 330,
  DEV_READY: 331,
  DEV_HDR: 332,
  DUP_FRAG: 333,
  SKB_GSO_SEG: 334,
  IP_RPFILTER: 335,
  ICMP_CSUM: 336,
  TCP_MD5NOTFOUND: 337,
  TCP_MD5UNEXPECTED: 338,
  TCP_MD5FAILURE: 339,
  TCP_FLAGS: 340,
  TCP_ZEROWINDOW: 341,
  TCP_OLD_DATA: 342,
  TCP_OVERWINDOW: 343,
  TCP_OFOMERGE: 344,
  TCP_RFC7323_PAWS: 345,
  TCP_INVALID_SEQUENCE: 346,
  TCP_RESET: 347,
  TCP_INVALID_SYN: 348,
  TCP_CLOSE: 349,
  TCP_FASTOPEN: 350,
  TCP_OLD_ACK: 351,
  TCP_TOO_OLD_ACK: 352,
  TCP_ACK_UNSENT_DATA: 353,
  TCP_OFO_QUEUE_PRUNE: 354,
  TCP_OFO_DROP: 355,
  TCP_MINTTL: 356,
  IPV6_BAD_EXTHDR: 357,
  IPV6_NDISC_FRAG: 358,
  IPV6_NDISC_HOP_LIMIT: 359,
  IPV6_NDISC_BAD_CODE: 360,
  IPV6_NDISC_BAD_OPTIONS: 361,
  IPV6_NDISC_NS_OTHERHOST: 362,
  TAP_FILTER: 363,
  TAP_TXFILTER: 364,
  TC_INGRESS: 365,
  TC_EGRESS: 366,
  XDP: 367,
  CPU_BACKLOG: 368,
  BPF_CGROUP_EGRESS: 369,
  XFRM_POLICY: 370,
  SOCKET_FILTER: 371,
};

const codes = new Map(Object.entries(CODES));

/** @param name of the kernel, without SKB_DROP_REASON_ */
export function discardReasonOf(name: string): number {
  return codes.get(name) ?? DISCARD_UNKNOWN;
}

const names = new Map<number, string>();
for (const [name, code] of codes) if (!names.has(code)) names.set(code, name);

/** A kernel's name that means this code; undefined: Linux has none for it. */
export function discardNameOf(code: number): string | undefined {
  return names.get(code);
}
