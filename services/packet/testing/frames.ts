// Frames for tests and benchmarks, written as their bytes are read: hex, with a helper for each header whose lengths
// depend on what follows. Checksums stay zero: nothing here checks them.

/** Bytes from hex; everything that is no hex digit is layout. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/[^0-9a-f]/gi, ''), 'hex');
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

export const DST_MAC = 0x0200_0000_00bb;
export const SRC_MAC = 0x0200_0000_00aa;

/** Destination 02:00:00:00:00:bb, source 02:00:00:00:00:aa. */
export function ethernet(type: number, ...payload: Buffer[]): Buffer {
  return Buffer.concat([hex('0200000000bb 0200000000aa'), u16(type), ...payload]);
}

/** What follows the tag protocol identifier: tag control and the next type. */
export function tag(control: number, type: number, ...payload: Buffer[]): Buffer {
  return Buffer.concat([u16(control), u16(type), ...payload]);
}

export interface Ipv4Fields {
  tos?: number;
  /** Flags and fragment offset as they stand in the header. */
  fragment?: number;
  ttl?: number;
  options?: Buffer;
  totalBytes?: number;
}

/** 192.0.2.1 → 198.51.100.2 */
export function ipv4(protocol: number, payload: Buffer, fields: Ipv4Fields = {}): Buffer {
  const options = fields.options ?? Buffer.alloc(0);
  const total = fields.totalBytes ?? 20 + options.length + payload.length;
  return Buffer.concat([
    Buffer.from([0x45 + options.length / 4, fields.tos ?? 0]),
    u16(total),
    hex('1234'),
    u16(fields.fragment ?? 0x4000),
    Buffer.from([fields.ttl ?? 64, protocol, 0, 0]),
    hex('c0000201 c6336402'),
    options,
    payload,
  ]);
}

export interface Ipv6Fields {
  /** Version, traffic class and flow label. */
  head?: string;
  payloadBytes?: number;
}

/** 2001:db8::1 → 2001:db8::2, hop limit 63 */
export function ipv6(nextHeader: number, payload: Buffer, fields: Ipv6Fields = {}): Buffer {
  return Buffer.concat([
    hex(fields.head ?? '60000000'),
    u16(fields.payloadBytes ?? payload.length),
    Buffer.from([nextHeader, 63]),
    hex('20010db8000000000000000000000001 20010db8000000000000000000000002'),
    payload,
  ]);
}

/** Port 40000 → 443; `offsetAndFlags` is the 16 bits with data offset and flags. */
export function tcp(offsetAndFlags = 0x5018, rest: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([hex('9c40 01bb 00000001 00000002'), u16(offsetAndFlags), hex('ffff 0000 0000'), rest]);
}

/** Port 5353 → 53. */
export function udp(payload: Buffer = Buffer.alloc(4), bytes = 8 + payload.length): Buffer {
  return Buffer.concat([hex('14e9 0035'), u16(bytes), hex('0000'), payload]);
}

/** An extension header of 8 or more bytes. */
export function extension(nextHeader: number, moreOctets = 0): Buffer {
  // PadN fills it, so that other decoders find nothing to complain about in options headers.
  const bytes = Buffer.alloc(8 + moreOctets * 8);
  bytes.set([nextHeader, moreOctets, 1, 4 + moreOctets * 8]);
  return bytes;
}

/** Any ports, with a payload. */
export function udpTo(dstPort: number, payload: Buffer, srcPort = 49152): Buffer {
  return Buffer.concat([u16(srcPort), u16(dstPort), u16(8 + payload.length), hex('0000'), payload]);
}

/** The frame in a tunnel: 02:00:00:00:00:cc → 02:00:00:00:00:dd. */
export function innerEthernet(type: number, ...payload: Buffer[]): Buffer {
  return Buffer.concat([hex('0200000000dd 0200000000cc'), u16(type), ...payload]);
}

/** One entry of an MPLS stack, TTL 63. */
export function label(value: number, isBottom: boolean): Buffer {
  return Buffer.from([value >> 12, (value >> 4) & 0xff, ((value & 15) << 4) | Number(isBottom), 63]);
}
