// Speaks ethtool's netlink (Linux Documentation/networking/ethtool-netlink.rst, include/uapi/linux/ethtool_netlink.h). Pure.

import { align4, forEachAttribute, forEachMessage, NLM_F_DUMP, NLM_F_REQUEST, text, u32 } from './netlink.ts';

const NLMSG_HEADER_BYTES = 16;
const GENL_HEADER_BYTES = 4;
const NLA_F_NESTED = 0x8000;
const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR = { FAMILY_ID: 1, FAMILY_NAME: 2 } as const;
const ETHTOOL_MSG = { LINKMODES_GET: 4, LINKMODES_GET_REPLY: 4, STATS_GET: 32, STATS_GET_REPLY: 33 } as const;
const HEADER = { DEV_INDEX: 1, FLAGS: 3 } as const;
const FLAG_COMPACT_BITSETS = 1;
const LINKMODES = { HEADER: 1, SPEED: 5, DUPLEX: 6 } as const;
const STATS = { HEADER: 2, GROUPS: 3, GRP: 4 } as const;
const STATS_GRP = { ID: 2, STAT: 4 } as const;
const BITSET = { NOMASK: 1, SIZE: 2, VALUE: 4 } as const;
const GROUP = { ETH_PHY: 0, ETH_MAC: 1 } as const;
const SPEED_UNKNOWN = 0xffff_ffff;
const DUPLEX = { HALF: 0, FULL: 1 } as const;

/** 0 = unknown; duplex 1 full, 2 half. */
export interface LinkSpeed {
  bitsPerSecond: number;
  duplex: 0 | 1 | 2;
}

/**
 * Counters of IEEE 802.3 clause 30 as the driver reports them; what it does not report is missing. Cumulative.
 * Names: those of the standard's attributes in ethtool_netlink.h.
 */
export type EthernetStats = Partial<Record<(typeof MAC_STATS)[keyof typeof MAC_STATS] | 'symbolErrors', number>>;

/** ETHTOOL_A_STATS_ETH_MAC_* → name */
const MAC_STATS = {
  1: 'singleCollisionFrames',
  2: 'multipleCollisionFrames',
  4: 'frameCheckSequenceErrors',
  5: 'alignmentErrors',
  7: 'deferredTransmissions',
  8: 'lateCollisions',
  9: 'excessiveCollisions',
  10: 'internalMacTransmitErrors',
  11: 'carrierSenseErrors',
  13: 'internalMacReceiveErrors',
  14: 'multicastTransmitted',
  15: 'broadcastTransmitted',
  17: 'multicastReceived',
  18: 'broadcastReceived',
  21: 'frameTooLongs',
} as const;
const PHY_SYMBOL_ERRORS = 0;
const COUNTER_MAX = 2 ** 53 - 2;

/** Asks for all families, for the number that ethtool's has. */
export function familiesRequest(): Buffer {
  return genericRequest(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
}

/** @returns the number of the family "ethtool"; undefined: the kernel has none */
export function parseEthtoolFamily(messages: Buffer): number | undefined {
  let found: number | undefined;
  forEachMessage(messages, (_type, body) => {
    let id = 0;
    let name = '';
    forEachAttribute(body.subarray(GENL_HEADER_BYTES), (type, value) => {
      if (type === CTRL_ATTR.FAMILY_ID && value.length >= 2) id = value.readUInt16LE(0);
      else if (type === CTRL_ATTR.FAMILY_NAME) name = text(value);
    });
    if (name === 'ethtool') found = id;
  });
  return found;
}

/** Asks for speed and duplex of all devices. */
export function linkModesRequest(family: number): Buffer {
  return genericRequest(family, ETHTOOL_MSG.LINKMODES_GET, header(LINKMODES.HEADER));
}

/** @returns by ifIndex; a device that does not say is missing */
export function parseLinkModes(messages: Buffer): Map<number, LinkSpeed> {
  const speeds = new Map<number, LinkSpeed>();
  forEachReply(messages, ETHTOOL_MSG.LINKMODES_GET_REPLY, (attributes) => {
    let ifIndex = 0;
    let megabits = SPEED_UNKNOWN;
    let duplex = -1;
    forEachAttribute(attributes, (type, value) => {
      if (type === LINKMODES.HEADER) ifIndex = deviceOf(value);
      else if (type === LINKMODES.SPEED) megabits = u32(value);
      else if (type === LINKMODES.DUPLEX) duplex = value[0] ?? -1;
    });
    if (ifIndex === 0 || megabits === SPEED_UNKNOWN) return;
    speeds.set(ifIndex, {
      bitsPerSecond: megabits * 1_000_000,
      duplex: duplex === DUPLEX.FULL ? 1 : duplex === DUPLEX.HALF ? 2 : 0,
    });
  });
  return speeds;
}

/** Asks for the groups eth-phy and eth-mac of all devices. */
export function ethernetStatsRequest(family: number): Buffer {
  const groups = (1 << GROUP.ETH_PHY) | (1 << GROUP.ETH_MAC);
  const bitset = nested(
    STATS.GROUPS,
    attribute(BITSET.NOMASK, Buffer.alloc(0)),
    attribute(BITSET.SIZE, word(2)),
    attribute(BITSET.VALUE, word(groups)),
  );
  return genericRequest(family, ETHTOOL_MSG.STATS_GET, header(STATS.HEADER), bitset);
}

/** @returns by ifIndex; a device without such counters is missing */
export function parseEthernetStats(messages: Buffer): Map<number, EthernetStats> {
  const all = new Map<number, EthernetStats>();
  forEachReply(messages, ETHTOOL_MSG.STATS_GET_REPLY, (attributes) => {
    const stats: EthernetStats = {};
    let ifIndex = 0;
    forEachAttribute(attributes, (type, value) => {
      if (type === STATS.HEADER) ifIndex = deviceOf(value);
      else if (type === STATS.GRP) readGroup(value, stats);
    });
    if (ifIndex > 0 && Object.keys(stats).length > 0) all.set(ifIndex, stats);
  });
  return all;
}

/** A group: its number, then each counter in a nest of its own whose one attribute is numbered as the counter. */
function readGroup(group: Buffer, into: EthernetStats): void {
  let id = -1;
  forEachAttribute(group, (type, value) => {
    if (type === STATS_GRP.ID) id = u32(value);
    if (type !== STATS_GRP.STAT) return;
    forEachAttribute(value, (counter, bytes) => {
      if (bytes.length < 8) return;
      const count = Math.min(COUNTER_MAX, Number(bytes.readBigUInt64LE(0)));
      if (id === GROUP.ETH_PHY && counter === PHY_SYMBOL_ERRORS) into.symbolErrors = count;
      const name = id === GROUP.ETH_MAC ? MAC_STATS[counter as keyof typeof MAC_STATS] : undefined;
      if (name) into[name] = count;
    });
  });
}

function forEachReply(messages: Buffer, command: number, visit: (attributes: Buffer) => void): void {
  forEachMessage(messages, (_type, body) => {
    if (body.length >= GENL_HEADER_BYTES && body[0] === command) visit(body.subarray(GENL_HEADER_BYTES));
  });
}

function deviceOf(header: Buffer): number {
  let ifIndex = 0;
  forEachAttribute(header, (type, value) => {
    if (type === HEADER.DEV_INDEX) ifIndex = u32(value);
  });
  return ifIndex;
}

function header(type: number): Buffer {
  return nested(type, attribute(HEADER.FLAGS, word(FLAG_COMPACT_BITSETS)));
}

/** struct nlmsghdr, struct genlmsghdr (u8 command, u8 version, u16 reserved), attributes. */
function genericRequest(family: number, command: number, ...attributes: Buffer[]): Buffer {
  const message = Buffer.concat([Buffer.alloc(NLMSG_HEADER_BYTES + GENL_HEADER_BYTES), ...attributes]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(family, 4);
  message.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6);
  message.writeUInt32LE(1, 8);
  message.writeUInt8(command, NLMSG_HEADER_BYTES);
  message.writeUInt8(1, NLMSG_HEADER_BYTES + 1);
  return message;
}

function nested(type: number, ...attributes: Buffer[]): Buffer {
  return attribute(type | NLA_F_NESTED, Buffer.concat(attributes));
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(align4(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
