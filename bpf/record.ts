// The layouts of sample.h. record.test.ts compiles sample.h and compares every offset.

/** struct sample_record: offsets in bytes, little-endian; header bytes follow at HEADER. */
export const Record = {
  KTIME_NS: 0, // u64
  SEQUENCE: 8, // u64
  IFINDEX: 16, // u32
  INPUT_IFINDEX: 20, // u32
  OUTPUT_IFINDEX: 24, // u32
  RATE: 28, // u32
  WIRE_BYTES: 32, // u32
  SEGMENTS: 36, // u32
  SAMPLE_COUNT: 40, // u32
  HEADER_BYTES: 44, // u16
  ETHER_TYPE: 46, // u16
  VLAN_TPID: 48, // u16
  VLAN_TCI: 50, // u16
  DIRECTION: 52, // u8
  FLAGS: 53, // u8
  FIB_RESULT: 54, // u8
  PACKET_TYPE: 55, // u8
  BUFFER_BYTES: 56, // u32
  GSO_SIZE: 60, // u16
  CPU: 62, // u16
  SLOT: 64, // u32
  MARK: 68, // u32
  HEADER: 72,
} as const;

export const FLAG_VLAN = 1;
export const FLAG_L3 = 2;

/** struct point_config */
export const PointConfig = {
  RATE: 0,
  HEADER_BYTES: 4,
  FLAGS: 8,
  OWN_MARK: 12,
  SKIP_MANTISSA: 16,
  SKIP_SHIFT: 20,
  SIZE: 24,
} as const;
export const POINT_L3 = 1;
export const POINT_FIB = 2;
export const POINT_OWN = 4;
export const POINT_LOOPBACK = 8;

/** struct point_counters */
export const PointCounters = {
  PACKETS: 0,
  BUFFERS: 8,
  BYTES: 16,
  SKIP: 24,
  SKIP_RATE: 32,
  RESERVED: 36,
  SELECTED: 40,
  RING_FULL: 48,
  COPY_FAILED: 56,
  OWN: 64,
  OWN_SELECTED: 72,
  SIZE: 80,
} as const;

/** struct endpoint */
export const Endpoint = { ADDRESS: 0, PORT: 16, PROTOCOL: 18, RESERVED: 19, SIZE: 20 } as const;

/** Bytes from one record's start to the next in a batch: its tier, as the kernel reserved it. */
export function recordBytes(headerBytes: number): number {
  return Record.HEADER + (headerBytes <= 64 ? 64 : headerBytes <= 128 ? 128 : 256);
}

/**
 * Calls back with the start of each record of a batch.
 * The record's tier is chosen by the kernel from the smaller of configured and available header bytes, which is also
 * its HEADER_BYTES, so the walk needs nothing else.
 */
export function forEachRecord(batch: Buffer, visit: (start: number) => void): void {
  for (let start = 0; start + Record.HEADER <= batch.length; ) {
    const next = start + recordBytes(batch.readUInt16LE(start + Record.HEADER_BYTES));
    if (next > batch.length) return;
    visit(start);
    start = next;
  }
}

/** u64 as a number; our counters stay far below 2^53. */
export function readU64(buffer: Buffer, offset: number): number {
  return buffer.readUInt32LE(offset) + buffer.readUInt32LE(offset + 4) * 0x1_0000_0000;
}
