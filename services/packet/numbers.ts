// Numbers that say what comes next, named as in their registries.

/** IEEE 802 Numbers: EtherType. */
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
/** IEEE 802.1Q C-tag. */
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;
/** IEEE 802.1ad S-tag. */
export const ETHERTYPE_QINQ = 0x88a8;
/** S-tag before 802.1ad, still set by some switches. */
export const ETHERTYPE_QINQ_OLD = 0x9100;
/** Smaller values are an IEEE 802.3 length. */
export const ETHERTYPE_MIN = 0x0600;

/** IANA Assigned Internet Protocol Numbers. */
export const IPPROTO_HOPOPTS = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_ROUTING = 43;
export const IPPROTO_FRAGMENT = 44;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_NONE = 59;
export const IPPROTO_DSTOPTS = 60;
export const IPPROTO_MOBILITY = 135;
export const IPPROTO_HIP = 139;
export const IPPROTO_SHIM6 = 140;
