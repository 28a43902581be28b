// Encodes ring records as items of the Avro array SampleBatch.samples, straight from the ring's bytes: no object is made of a
// sample, which is what most of the time went into. The field order is that of schemas/sample-batch.v1.avsc; the tests
// read the result with avsc.

import { FLAG_VLAN, Record } from 'libbpf-ts/record.ts';

/** Ten numbers of up to 10 bytes, the header's length, and a header of 256 bytes with a tag. */
const SAMPLE_BYTES_MAX = 11 * 10 + 256 + 4;
const MAC_ADDRESSES_BYTES = 12;
const VLAN_TAG_BYTES = 4;
const HEADER_WORD = Record.HEADER;

/** What of a sample is not in its record. */
export interface SampleContext {
  /** Index into SampleBatch.sources. */
  source: number;
  /** From the batch's base time; may be negative. */
  timeOffsetNs: number;
  /** Added to interface indexes that are not 0. */
  indexOffset: number;
}

/** A batch's samples, and room for more. State only; used again for every batch. */
export interface SampleSink {
  readonly bytes: Buffer;
  length: number;
}

export function createSampleSink(samplesMax: number): SampleSink {
  return { bytes: Buffer.alloc(samplesMax * SAMPLE_BYTES_MAX), length: 0 };
}

/**
 * Appends one sample.
 * @param words the records as 32-bit words, of which `records` are the bytes
 * @param at byte offset of the record, a multiple of 8
 */
export function writeSample(
  sink: SampleSink,
  records: Buffer,
  words: Uint32Array,
  at: number,
  context: SampleContext,
): void {
  const { bytes } = sink;
  const word = at >> 2;
  const read = (field: number) => words[word + (field >> 2)] as number;
  let to = writeLong(bytes, sink.length, context.source);
  to = writeLong(bytes, to, read(Record.SEQUENCE) + read(Record.SEQUENCE + 4) * 0x1_0000_0000);
  to = writeLong(bytes, to, context.timeOffsetNs);
  to = writeLong(bytes, to, read(Record.RATE));
  to = writeLong(bytes, to, read(Record.SAMPLE_COUNT));
  to = writeLong(bytes, to, read(Record.SEGMENTS));
  to = writeLong(bytes, to, read(Record.WIRE_BYTES));
  // u16 header_bytes, u16 ether_type
  const lengthAndType = read(Record.HEADER_BYTES);
  to = writeLong(bytes, to, lengthAndType >>> 16);
  to = writeLong(bytes, to, interfaceIndex(read(Record.INPUT_IFINDEX), context.indexOffset));
  to = writeLong(bytes, to, interfaceIndex(read(Record.OUTPUT_IFINDEX), context.indexOffset));
  const tagged = ((read(Record.DIRECTION) >>> 8) & FLAG_VLAN) !== 0;
  sink.length = writeHeader(
    bytes,
    to,
    records,
    at,
    lengthAndType & 0xffff,
    tagged ? read(Record.VLAN_TPID) : undefined,
  );
}

function interfaceIndex(index: number, offset: number): number {
  return index === 0 ? 0 : index + offset;
}

/**
 * The header as it is on the wire: a tag that the kernel holds in metadata goes back behind the MAC addresses.
 * @param tag u16 TPID and u16 TCI as one little-endian word
 */
function writeHeader(
  bytes: Buffer,
  at: number,
  records: Buffer,
  record: number,
  headerBytes: number,
  tag: number | undefined,
): number {
  const start = record + HEADER_WORD;
  if (tag === undefined || headerBytes < MAC_ADDRESSES_BYTES) {
    const to = writeLong(bytes, at, headerBytes);
    return to + records.copy(bytes, to, start, start + headerBytes);
  }
  let to = writeLong(bytes, at, headerBytes + VLAN_TAG_BYTES);
  to += records.copy(bytes, to, start, start + MAC_ADDRESSES_BYTES);
  to = bytes.writeUInt16BE(tag & 0xffff, to);
  to = bytes.writeUInt16BE(tag >>> 16, to);
  return to + records.copy(bytes, to, start + MAC_ADDRESSES_BYTES, start + headerBytes);
}

/** Avro's zigzag varint (Avro specification, "Binary Encoding"), for safe integers. @returns the offset behind it */
export function writeLong(bytes: Buffer, at: number, value: number): number {
  let to = at;
  if (value >= 0 && value < 0x4000_0000) {
    // Bit operations up to 2^30, which is nearly always.
    let rest = value << 1;
    while (rest > 0x7f) {
      bytes[to++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[to++] = rest;
    return to;
  }
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  while (rest > 0x7f) {
    bytes[to++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[to++] = rest;
  return to;
}
