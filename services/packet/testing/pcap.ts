// Just enough of pcap and pcapng to read the captures of the tests and to hand frames to tshark. No I/O: buffers in and
// out. https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/

export interface CapturedPacket {
  /** LINKTYPE_…, see link/link-types.ts. */
  linkType: number;
  data: Buffer;
  wireBytes: number;
}

const PCAPNG_SECTION = 0x0a0d0d0a;
const PCAPNG_INTERFACE = 1;
const PCAPNG_ENHANCED_PACKET = 6;

/** @throws {RangeError} for anything that is neither format: a test's fixture is broken then */
export function readCapture(file: Buffer): CapturedPacket[] {
  if (file.readUInt32LE(0) === PCAPNG_SECTION) return readPcapng(file);
  const magic = file.readUInt32LE(0);
  const micro = 0xa1b2c3d4;
  const nano = 0xa1b23c4d;
  if (magic === micro || magic === nano) return readPcap(file, (at) => file.readUInt32LE(at));
  const swapped = file.readUInt32BE(0);
  if (swapped === micro || swapped === nano) return readPcap(file, (at) => file.readUInt32BE(at));
  throw new RangeError(`not a capture file: it starts with ${file.toString('hex', 0, 4)}`);
}

// File header of 24 bytes, link type at 20; before each packet 16 bytes: time (8), captured and wire length.
function readPcap(file: Buffer, uint32: (at: number) => number): CapturedPacket[] {
  const linkType = uint32(20) & 0xffff;
  const packets: CapturedPacket[] = [];
  for (let at = 24; at < file.length; ) {
    const captured = uint32(at + 8);
    packets.push({ linkType, data: file.subarray(at + 16, at + 16 + captured), wireBytes: uint32(at + 12) });
    at += 16 + captured;
  }
  return packets;
}

// Blocks: type, total length, body, total length again. One section, little-endian or big-endian.
function readPcapng(file: Buffer): CapturedPacket[] {
  const little = file.readUInt32LE(8) === 0x1a2b3c4d;
  const uint32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const uint16 = (at: number): number => (little ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const linkTypes: number[] = [];
  const packets: CapturedPacket[] = [];
  for (let at = 0; at < file.length; at += uint32(at + 4)) {
    const type = uint32(at);
    if (type === PCAPNG_INTERFACE) linkTypes.push(uint16(at + 8));
    if (type !== PCAPNG_ENHANCED_PACKET) continue;
    const captured = uint32(at + 20);
    const linkType = linkTypes[uint32(at + 8)];
    if (linkType === undefined) throw new RangeError(`packet block at ${at} names no interface of this file`);
    packets.push({ linkType, data: file.subarray(at + 28, at + 28 + captured), wireBytes: uint32(at + 24) });
  }
  return packets;
}

/** A pcap file of whole Ethernet frames. */
export function writePcap(frames: Buffer[]): Buffer {
  const parts: Buffer[] = [];
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262144, 16);
  header.writeUInt32LE(1, 20);
  parts.push(header);
  for (const frame of frames) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    parts.push(record, frame);
  }
  return Buffer.concat(parts);
}

/** A pcapng file of packets with any link types, one interface for each. */
export function writePcapng(packets: CapturedPacket[]): Buffer {
  const linkTypes = [...new Set(packets.map(({ linkType }) => linkType))];
  const words = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
    return bytes;
  };
  const block = (type: number, body: Buffer): Buffer =>
    Buffer.concat([words(type, body.length + 12), body, words(body.length + 12)]);
  return Buffer.concat([
    block(PCAPNG_SECTION, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff)),
    ...linkTypes.map((linkType) => block(PCAPNG_INTERFACE, words(linkType, 262144))),
    ...packets.map(({ linkType, data, wireBytes }) => {
      const padding = Buffer.alloc(-data.length & 3);
      const head = words(linkTypes.indexOf(linkType), 0, 0, data.length, wireBytes);
      return block(PCAPNG_ENHANCED_PACKET, Buffer.concat([head, data, padding]));
    }),
  ]);
}
