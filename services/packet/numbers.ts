// Numbers that say what comes next, named as in their registries.

/** Smaller values are an IEEE 802.3 length. */
export const ETHERTYPE_MIN = 0x0600;

/** IEEE 802 Numbers: EtherType. */
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
/** Transparent Ethernet bridging: an Ethernet frame without FCS, RFC 1701. */
export const ETHERTYPE_TEB = 0x6558;
/** RFC 903, in the layout of ARP. */
export const ETHERTYPE_RARP = 0x8035;
/** IEEE 802.1Q C-tag. */
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;
/** RFC 2637, RFC 3032 and others: PPP without its HDLC framing. */
export const ETHERTYPE_PPP = 0x880b;
export const ETHERTYPE_MPLS = 0x8847;
/** Once MPLS multicast; RFC 5332: upstream-assigned labels. */
export const ETHERTYPE_MPLS_UPSTREAM = 0x8848;
export const ETHERTYPE_PPPOE_DISCOVERY = 0x8863;
export const ETHERTYPE_PPPOE_SESSION = 0x8864;
/** Redirected web traffic in GRE, draft-mclaggan-wccp-v2rev1 4. */
export const ETHERTYPE_WCCP = 0x883e;
export const ETHERTYPE_EAPOL = 0x888e;
/** IEEE 802.1ad S-tag. */
export const ETHERTYPE_QINQ = 0x88a8;
/** ERSPAN types I and II, of Cisco; in GRE only. */
export const ETHERTYPE_ERSPAN = 0x88be;
export const ETHERTYPE_LLDP = 0x88cc;
export const ETHERTYPE_MACSEC = 0x88e5;
/** Cisco MetaData: the security group tag of TrustSec. */
export const ETHERTYPE_CMD = 0x8909;
/** I-tag of IEEE 802.1ah. */
export const ETHERTYPE_ITAG = 0x88e7;
export const ETHERTYPE_VNTAG = 0x8926;
/** IEEE 802.1BR. */
export const ETHERTYPE_ETAG = 0x893f;
export const ETHERTYPE_NSH = 0x894f;
/** S-tag before 802.1ad, still set by some switches. */
export const ETHERTYPE_QINQ_OLD = 0x9100;
/** ERSPAN type III. */
export const ETHERTYPE_ERSPAN_III = 0x22eb;

/** IANA Assigned Internet Protocol Numbers. */
export const IPPROTO_HOPOPTS = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_IGMP = 2;
export const IPPROTO_IPV4 = 4;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_DCCP = 33;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ROUTING = 43;
export const IPPROTO_FRAGMENT = 44;
export const IPPROTO_GRE = 47;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_NONE = 59;
export const IPPROTO_DSTOPTS = 60;
export const IPPROTO_OSPF = 89;
export const IPPROTO_ETHERIP = 97;
export const IPPROTO_PIM = 103;
export const IPPROTO_VRRP = 112;
export const IPPROTO_L2TP = 115;
export const IPPROTO_SCTP = 132;
export const IPPROTO_MOBILITY = 135;
export const IPPROTO_UDPLITE = 136;
export const IPPROTO_MPLS = 137;
export const IPPROTO_HIP = 139;
export const IPPROTO_SHIM6 = 140;
/** RFC 8986 10.1. */
export const IPPROTO_ETHERNET = 143;
