// Encodes ring records as items of the Avro array SampleBatch.samples, straight from the ring's bytes: no object is made of a
// sample, which is what most of the time went into. The field order is that of schemas/sample-batch.v1.avsc; the tests
// read the result with avsc.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import { FLAG_VLAN, Record } from 'libbpf-ts/record.ts';

/** Ten numbers of up to 10 bytes, the header's length, and a header of 256 bytes with a tag. */
export const SAMPLE_BYTES_MAX = 11 * 10 + 256 + 4;
const MAC_ADDRESSES_BYTES = 12;
const VLAN_TAG_BYTES = 4;
const WORD_BYTES = 8;
const HEADER_WORD = Record.HEADER;

/** What of a sample is not in its record. */
export interface SampleContext {
  /** Index into SampleBatch.sources. */
  source: number;
  /** Added to interface indexes that are not 0. */
  indexOffset: number;
}

/** A batch's samples, and room for more. State only; used again, see sink-pool.ts. */
export interface SampleSink {
  readonly bytes: Buffer;
  readonly view: DataView;
  length: number;
}

/** @param bytes of all it can hold */
export function createSampleSink(bytes: number): SampleSink {
  const buffer = Buffer.alloc(bytes + WORD_BYTES);
  return { bytes: buffer, view: new DataView(buffer.buffer, buffer.byteOffset, buffer.length), length: 0 };
}

/** Whether one more sample fits, however long. */
export function hasRoom(sink: SampleSink): boolean {
  return sink.length + SAMPLE_BYTES_MAX + WORD_BYTES <= sink.bytes.length;
}

/** The same records as bytes, as 32-bit words, and as 64-bit words. */
export interface RecordViews {
  bytes: Buffer;
  words: Uint32Array;
  longs: BigInt64Array;
}

/** @param records at an address that is a multiple of 8, and so long */
export function viewRecords(records: Buffer): RecordViews {
  return {
    bytes: records,
    words: new Uint32Array(records.buffer, records.byteOffset, records.length >> 2),
    longs: new BigInt64Array(records.buffer, records.byteOffset, records.length >> 3),
  };
}

/**
 * Appends one sample.
 * @param at byte offset of the record, a multiple of 8
 * @param timeOffsetNs from the batch's base time; may be negative
 */
export function writeSample(
  sink: SampleSink,
  records: RecordViews,
  at: number,
  context: SampleContext,
  timeOffsetNs: number,
): void {
  const { bytes } = sink;
  const { words } = records;
  let to = writeLong(bytes, sink.length, context.source);
  to = writeLong(bytes, to, field(words, at, Record.SEQUENCE) + field(words, at, Record.SEQUENCE + 4) * 0x1_0000_0000);
  to = writeLong(bytes, to, timeOffsetNs);
  to = writeLong(bytes, to, field(words, at, Record.RATE));
  to = writeLong(bytes, to, field(words, at, Record.SAMPLE_COUNT));
  to = writeLong(bytes, to, field(words, at, Record.SEGMENTS));
  to = writeLong(bytes, to, field(words, at, Record.WIRE_BYTES));
  // u16 header_bytes, u16 ether_type
  const lengthAndType = field(words, at, Record.HEADER_BYTES);
  to = writeLong(bytes, to, lengthAndType >>> 16);
  to = writeLong(bytes, to, interfaceIndex(field(words, at, Record.INPUT_IFINDEX), context.indexOffset));
  to = writeLong(bytes, to, interfaceIndex(field(words, at, Record.OUTPUT_IFINDEX), context.indexOffset));
  const tagged = ((field(words, at, Record.DIRECTION) >>> 8) & FLAG_VLAN) !== 0;
  const tag = tagged ? field(words, at, Record.VLAN_TPID) : undefined;
  sink.length = writeHeader(sink, to, records, at, lengthAndType & 0xffff, tag);
}

/** @param offset of the field in bytes */
function field(words: Uint32Array, record: number, offset: number): number {
  return words[(record + offset) >> 2] as number;
}

function interfaceIndex(index: number, offset: number): number {
  return index === 0 ? 0 : index + offset;
}

/**
 * The header as it is on the wire: a tag that the kernel holds in metadata goes back behind the MAC addresses.
 * @param tag u16 TPID and u16 TCI as one little-endian word
 */
function writeHeader(
  sink: SampleSink,
  at: number,
  records: RecordViews,
  record: number,
  headerBytes: number,
  tag: number | undefined,
): number {
  const start = record + HEADER_WORD;
  if (tag === undefined || headerBytes < MAC_ADDRESSES_BYTES) {
    const to = writeLong(sink.bytes, at, headerBytes);
    copyWords(sink.view, to, records.longs, start, headerBytes);
    return to + headerBytes;
  }
  let to = writeLong(sink.bytes, at, headerBytes + VLAN_TAG_BYTES);
  to += records.bytes.copy(sink.bytes, to, start, start + MAC_ADDRESSES_BYTES);
  to = sink.bytes.writeUInt16BE(tag & 0xffff, to);
  to = sink.bytes.writeUInt16BE(tag >>> 16, to);
  return to + records.bytes.copy(sink.bytes, to, start + MAC_ADDRESSES_BYTES, start + headerBytes);
}

/**
 * Copies whole words, up to seven bytes more than asked for, which what is written next covers: at 128 bytes this takes
 * half the time of Buffer.copy.
 * @param start byte offset, a multiple of 8
 */
function copyWords(view: DataView, at: number, longs: BigInt64Array, start: number, bytes: number): void {
  const first = start / WORD_BYTES;
  for (let done = 0; done < bytes; done += WORD_BYTES)
    view.setBigInt64(at + done, longs[first + done / WORD_BYTES] as bigint, true);
}
