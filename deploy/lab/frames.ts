// Frames that sockets don't make: tagged ones. Pure.

/** 802.1Q tags in front of an IPv4/UDP packet. */
export interface TaggedFrame {
  srcMac: string;
  dstMac: string;
  /** Outermost first. */
  tags: { tpid: number; vlanId: number; priority?: number }[];
  srcAddress: string;
  dstAddress: string;
  srcPort: number;
  dstPort: number;
  payloadBytes: number;
}

const ETHERTYPE_IPV4 = 0x0800;
const IPPROTO_UDP = 17;

export function buildTaggedFrame(frame: TaggedFrame): Buffer {
  const udpBytes = 8 + frame.payloadBytes;
  const tags = frame.tags.map(({ tpid, vlanId, priority = 0 }) => {
    const tag = Buffer.alloc(4);
    tag.writeUInt16BE(tpid, 0);
    tag.writeUInt16BE((priority << 13) | vlanId, 2);
    return tag;
  });
  const etherType = Buffer.alloc(2);
  etherType.writeUInt16BE(ETHERTYPE_IPV4);
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(20 + udpBytes, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(IPPROTO_UDP, 9);
  Buffer.from(frame.srcAddress.split('.').map(Number)).copy(ip, 12);
  Buffer.from(frame.dstAddress.split('.').map(Number)).copy(ip, 16);
  ip.writeUInt16BE(internetChecksum(ip), 10);
  const udp = Buffer.alloc(8); // checksum 0: none (RFC 768)
  udp.writeUInt16BE(frame.srcPort, 0);
  udp.writeUInt16BE(frame.dstPort, 2);
  udp.writeUInt16BE(udpBytes, 4);
  return Buffer.concat([
    mac(frame.dstMac),
    mac(frame.srcMac),
    ...tags,
    etherType,
    ip,
    udp,
    Buffer.alloc(frame.payloadBytes),
  ]);
}

function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

/** RFC 1071. */
function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let index = 0; index + 1 < bytes.length; index += 2) sum += bytes.readUInt16BE(index);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
