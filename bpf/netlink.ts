// Reads messages about interfaces and addresses (rtnetlink(7), include/uapi/linux/if_link.h, if_addr.h). Pure.

export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_PROMISC = 0x100;
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;

export const RTM_GETLINK = 18;
export const RTM_GETADDR = 22;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_DUMP = 0x300;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const AF_UNSPEC = 0;
const AF_INET = 2;
const NLMSG_HEADER_BYTES = 16;
const IFINFO_BYTES = 16;
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  OPERSTATE: 16,
  LINKINFO: 18,
  IFALIAS: 20,
  STATS64: 23,
} as const;
const IFLA_INFO_KIND = 1;
const IFADDR_BYTES = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const NLA_TYPE_MASK = 0x3fff;
const IPV4_MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
/** 9 PB: the largest integer that a double and avsc's long hold exactly. */
const COUNTER_MAX = 2 ** 53 - 2;
const OPERSTATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;

/** struct rtnl_link_stats64, the first fields in order. Cumulative. */
export interface LinkStats {
  rxPackets: number;
  txPackets: number;
  rxBytes: number;
  txBytes: number;
  rxErrors: number;
  txErrors: number;
  rxDropped: number;
  txDropped: number;
  multicast: number;
}

/**
 * Of the same structure, what went wrong in detail (if_link.h says how each relates to IEEE 802.3). A driver that does not
 * count leaves 0, which cannot be told from "none". Cumulative.
 */
export interface LinkErrors {
  collisions: number;
  rxLength: number;
  rxOver: number;
  rxCrc: number;
  rxFrame: number;
  txAborted: number;
  txCarrier: number;
  txHeartbeat: number;
  txWindow: number;
}

/** One interface of a dump. */
export interface Link {
  ifIndex: number;
  name: string;
  /** ARPHRD_*: 1 Ethernet, 772 loopback, 65534 none (tun, wireguard). */
  arpType: number;
  flags: number;
  mtu: number;
  /** "veth", "bridge", "vlan", …; empty for hardware. */
  kind: string;
  alias: string;
  /** As text, "" when the device has none. */
  mac: string;
  operState: (typeof OPERSTATES)[number];
  /** ifIndex of bridge or bond, 0 = none. */
  master: number;
  /** ifIndex of the lower or peer device, 0 = none. */
  parent: number;
  stats: LinkStats;
  errors: LinkErrors;
}

/** Header bytes of its packets start at Ethernet, not at IP. */
export function isEthernet(link: Pick<Link, 'arpType'>): boolean {
  return link.arpType === ARPHRD_ETHER || link.arpType === ARPHRD_LOOPBACK;
}

/** @param dump RTM_NEWLINK messages one after another; what is cut short or not a link is passed over */
export function parseLinks(dump: Buffer): Link[] {
  const links: Link[] = [];
  forEachMessage(dump, (type, body) => {
    if (type === RTM_NEWLINK && body.length >= IFINFO_BYTES) links.push(parseLink(body));
  });
  return links;
}

/** An address of an interface. */
export interface LinkAddress {
  ifIndex: number;
  /** 16 bytes, IPv4 mapped. */
  address: Buffer;
  prefixBits: number;
}

/** @param dump RTM_NEWADDR messages one after another */
export function parseAddresses(dump: Buffer): LinkAddress[] {
  const addresses: LinkAddress[] = [];
  forEachMessage(dump, (type, body) => {
    if (type !== RTM_NEWADDR || body.length < IFADDR_BYTES) return;
    // struct ifaddrmsg: u8 family, u8 prefixlen, u8 flags, u8 scope, u32 index; then attributes.
    let found: Buffer | undefined;
    forEachAttribute(body.subarray(IFADDR_BYTES), (attribute, value) => {
      // On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL, which comes later, is ours.
      if (attribute === IFA_LOCAL || (attribute === IFA_ADDRESS && !found)) found = value;
    });
    const wanted = body.readUInt8(0) === AF_INET ? 4 : 16;
    if (found?.length !== wanted) return;
    const address = wanted === 4 ? Buffer.concat([IPV4_MAPPED, found]) : Buffer.from(found);
    addresses.push({ ifIndex: body.readUInt32LE(4), address, prefixBits: body.readUInt8(1) });
  });
  return addresses;
}

/** @returns interfaces that these messages say are gone (in this namespace: moved away counts) */
export function parseDeletedLinks(messages: Buffer): number[] {
  const deleted: number[] = [];
  forEachMessage(messages, (type, body) => {
    // A bridge says the same of a port that leaves it, with AF_BRIDGE.
    if (type === RTM_DELLINK && body.length >= IFINFO_BYTES && body.readUInt8(0) === AF_UNSPEC)
      deleted.push(body.readInt32LE(4));
  });
  return deleted;
}

/** Asks for all of what a type is about: RTM_GETLINK, RTM_GETADDR. */
export function dumpRequest(type: number): Buffer {
  const message = Buffer.alloc(NLMSG_HEADER_BYTES + IFINFO_BYTES);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6);
  message.writeUInt32LE(1, 8);
  return message;
}

/** struct nlmsghdr: u32 length (its 16 bytes included), u16 type, u16 flags, u32 seq, u32 pid, body, padding to 4. */
export function forEachMessage(messages: Buffer, visit: (type: number, body: Buffer) => void): void {
  for (let offset = 0; offset + NLMSG_HEADER_BYTES <= messages.length; ) {
    const length = messages.readUInt32LE(offset);
    if (length < NLMSG_HEADER_BYTES || offset + length > messages.length) return;
    visit(messages.readUInt16LE(offset + 4), messages.subarray(offset + NLMSG_HEADER_BYTES, offset + length));
    offset += align4(length);
  }
}

/** struct ifinfomsg: u8 family, u8 pad, u16 type, i32 index, u32 flags, u32 change; then attributes. */
function parseLink(message: Buffer): Link {
  const link: Link = {
    ifIndex: message.readInt32LE(4),
    name: '',
    arpType: message.readUInt16LE(2),
    flags: message.readUInt32LE(8),
    mtu: 0,
    kind: '',
    alias: '',
    mac: '',
    operState: 'unknown',
    master: 0,
    parent: 0,
    stats: parseStats(Buffer.alloc(0)),
    errors: parseErrors(Buffer.alloc(0)),
  };
  forEachAttribute(message.subarray(IFINFO_BYTES), (type, value) => {
    if (type === IFLA.IFNAME) link.name = text(value);
    else if (type === IFLA.IFALIAS) link.alias = text(value);
    else if (type === IFLA.ADDRESS) link.mac = value.toString('hex').replace(/..(?!$)/g, '$&:');
    else if (type === IFLA.MTU) link.mtu = u32(value);
    else if (type === IFLA.LINK) link.parent = u32(value);
    else if (type === IFLA.MASTER) link.master = u32(value);
    else if (type === IFLA.OPERSTATE) link.operState = OPERSTATES[value[0] ?? 0] ?? 'unknown';
    else if (type === IFLA.STATS64) {
      link.stats = parseStats(value);
      link.errors = parseErrors(value);
    } else if (type === IFLA.LINKINFO)
      forEachAttribute(value, (infoType, info) => {
        if (infoType === IFLA_INFO_KIND) link.kind = text(info);
      });
  });
  return link;
}

/** A field of struct rtnl_link_stats64: u64 each. */
function statOf(value: Buffer, index: number): number {
  return value.length >= index * 8 + 8 ? Math.min(COUNTER_MAX, Number(value.readBigUInt64LE(index * 8))) : 0;
}

function parseStats(value: Buffer): LinkStats {
  return {
    rxPackets: statOf(value, 0),
    txPackets: statOf(value, 1),
    rxBytes: statOf(value, 2),
    txBytes: statOf(value, 3),
    rxErrors: statOf(value, 4),
    txErrors: statOf(value, 5),
    rxDropped: statOf(value, 6),
    txDropped: statOf(value, 7),
    multicast: statOf(value, 8),
  };
}

function parseErrors(value: Buffer): LinkErrors {
  return {
    collisions: statOf(value, 9),
    rxLength: statOf(value, 10),
    rxOver: statOf(value, 11),
    rxCrc: statOf(value, 12),
    rxFrame: statOf(value, 13),
    txAborted: statOf(value, 16),
    txCarrier: statOf(value, 17),
    txHeartbeat: statOf(value, 19),
    txWindow: statOf(value, 20),
  };
}

/** struct rtattr: u16 length (its 4 bytes included), u16 type, value, padding to 4. */
export function forEachAttribute(attributes: Buffer, visit: (type: number, value: Buffer) => void): void {
  for (let offset = 0; offset + 4 <= attributes.length; ) {
    const length = attributes.readUInt16LE(offset);
    if (length < 4 || offset + length > attributes.length) return;
    visit(attributes.readUInt16LE(offset + 2) & NLA_TYPE_MASK, attributes.subarray(offset + 4, offset + length));
    offset += align4(length);
  }
}

export function align4(length: number): number {
  return (length + 3) & ~3;
}

export function text(value: Buffer): string {
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

export function u32(value: Buffer): number {
  return value.length >= 4 ? value.readUInt32LE(0) : 0;
}
