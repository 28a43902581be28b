// UDP payloads of a capture file (draft-ietf-opsawg-pcap): link types Ethernet, raw IP, Linux cooked, loopback. IPv4
// fragments and other packets are passed over; a file that is cut ends where it is cut.

export interface UdpPayload {
  /** Of the packet in the file, from 1. */
  index: number;
  destinationPort: number;
  payload: Buffer;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGICS = new Set([0xa1b2c3d4, 0xa1b23c4d]);
const UDP = 17;
const VLAN_TYPES = new Set([0x8100, 0x88a8, 0x9100]);
const VLANS_MAX = 4;

/** Where the network header of a packet begins, by link type; -1: no IP. */
const LINKS: Record<number, (packet: Buffer) => number> = {
  0: (packet) => (packet.length > 4 ? 4 : -1),
  1: ethernetPayload,
  101: () => 0,
  113: (packet) => cookedPayload(packet, 14, 16),
  228: () => 0,
  229: () => 0,
  276: (packet) => cookedPayload(packet, 0, 20),
};

/** @returns undefined when it is no pcap file of a known link type */
export function openPcap(file: Buffer): Iterable<UdpPayload> | undefined {
  if (file.length < FILE_HEADER_BYTES) return undefined;
  const little = MAGICS.has(file.readUInt32LE(0));
  if (!little && !MAGICS.has(file.readUInt32BE(0))) return undefined;
  const u32 = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const networkAt = LINKS[u32(20) & 0xffff];
  return networkAt && payloads(file, u32, networkAt);
}

function* payloads(file: Buffer, u32: (at: number) => number, networkAt: (packet: Buffer) => number) {
  let index = 0;
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const captured = u32(at + 8);
    at += RECORD_HEADER_BYTES;
    const packet = file.subarray(at, at + captured);
    at += captured;
    index++;
    const network = networkAt(packet);
    const found = network < 0 ? undefined : udpOf(packet.subarray(network));
    if (found) yield { index, ...found };
  }
}

function ethernetPayload(packet: Buffer): number {
  let at = 12;
  for (let tags = 0; tags <= VLANS_MAX && at + 2 <= packet.length; tags++, at += 4)
    if (!VLAN_TYPES.has(packet.readUInt16BE(at))) return isIp(packet.readUInt16BE(at)) ? at + 2 : -1;
  return -1;
}

function cookedPayload(packet: Buffer, typeAt: number, payloadAt: number): number {
  return packet.length >= payloadAt && isIp(packet.readUInt16BE(typeAt)) ? payloadAt : -1;
}

const isIp = (etherType: number) => etherType === 0x0800 || etherType === 0x86dd;

function udpOf(packet: Buffer): Omit<UdpPayload, 'index'> | undefined {
  const at = packet.length < 20 ? -1 : packet.readUInt8(0) >>> 4 === 4 ? ipv4Payload(packet) : ipv6Payload(packet);
  if (at < 0 || at + 8 > packet.length) return undefined;
  return {
    destinationPort: packet.readUInt16BE(at + 2),
    payload: packet.subarray(at + 8, at + packet.readUInt16BE(at + 4)),
  };
}

function ipv4Payload(packet: Buffer): number {
  const fragment = (packet.readUInt16BE(6) & 0x3fff) !== 0;
  return packet.readUInt8(9) === UDP && !fragment ? (packet.readUInt8(0) & 15) * 4 : -1;
}

function ipv6Payload(packet: Buffer): number {
  return packet.readUInt8(0) >>> 4 === 6 && packet.readUInt8(6) === UDP ? 40 : -1;
}
