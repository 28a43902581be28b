// Rows of samples, out of one raw batch: RowBinary, column after column in the order of deploy/clickhouse/migrations/010_samples.sql.
// A line of JSON a sample would cost ten times as much.

import { forEachSample, openRawBatch, type RawBatch, type SampleView } from '@tcxflow/common/raw-batch.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import type { Position } from './text.ts';

/** What a row has besides its texts and its header: 18 numbers, a boot id of 32 bytes, three lengths. */
const ROW_BYTES_MAX = 200;
const LATEST_NS = 2n ** 63n - 1n;

/** @throws {SchemaError} it can't be read: decode sends it to the dead letters, and so whoever calls must not */
export function sampleRows(message: Buffer | null, position: Position): { part: Buffer; rows: number } {
  const value = sampleBatchCodec.current(message);
  const batch = openRawBatch(value);
  const texts = batch.sources.map((source) => lead(batch, source));
  let bytes = Buffer.allocUnsafe(64 << 10);
  let length = 0;
  let rows = 0;
  forEachSample(value, batch, (sample) => {
    const text = texts[sample.source] as Buffer;
    const wanted = length + text.length + sample.headerBytes + ROW_BYTES_MAX;
    if (wanted > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(wanted, bytes.length * 2));
      bytes.copy(larger, 0, 0, length);
      bytes = larger;
    }
    length = writeRow(bytes, length, value, batch, sample, text, position);
    rows++;
  });
  return { part: bytes.subarray(0, length), rows };
}

/** Columns that all samples of a source share: agent … linkType. */
function lead({ agent, bootId }: RawBatch, source: RawBatch['sources'][number]): Buffer {
  const numbers = Buffer.alloc(4);
  numbers.writeUInt32LE(source.ifIndex >>> 0);
  const enums = Buffer.from([source.direction === 'egress' ? 1 : 0, source.linkType === 'ip' ? 1 : 0]);
  return Buffer.concat([
    text(Buffer.from(agent)),
    Buffer.from(bootId.toString('hex')),
    numbers,
    text(Buffer.from(source.ifName)),
    enums,
  ]);
}

function text(bytes: Buffer): Buffer {
  const length = Buffer.alloc(5);
  return Buffer.concat([length.subarray(0, writeLength(length, 0, bytes.length)), bytes]);
}

/** Unsigned LEB128. */
function writeLength(bytes: Buffer, at: number, value: number): number {
  let to = at;
  let rest = value;
  while (rest > 0x7f) {
    bytes[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}

function writeRow(
  bytes: Buffer,
  at: number,
  message: Buffer,
  { baseTimeNs, batchSequence }: RawBatch,
  sample: SampleView,
  text: Buffer,
  position: Position,
): number {
  const timeNs = baseTimeNs + BigInt(sample.timeOffsetNs);
  let to = bytes.writeBigInt64LE(timeNs < 0n ? 0n : timeNs > LATEST_NS ? LATEST_NS : timeNs, at);
  to += text.copy(bytes, to);
  to = writeUInt64(bytes, to, sample.sequence);
  to = bytes.writeUInt32LE(sample.samplingRate >>> 0, to);
  to = bytes.writeUInt32LE(sample.sampleCount >>> 0, to);
  to = bytes.writeUInt32LE(sample.segments >>> 0, to);
  to = bytes.writeUInt32LE(sample.wireBytes >>> 0, to);
  to = bytes.writeUInt16LE(sample.etherType & 0xffff, to);
  to = bytes.writeUInt32LE(sample.inputIfIndex >>> 0, to);
  to = bytes.writeUInt32LE(sample.outputIfIndex >>> 0, to);
  to = writeLength(bytes, to, sample.headerBytes);
  to += message.copy(bytes, to, sample.headerAt, sample.headerAt + sample.headerBytes);
  to = writeUInt64(bytes, to, batchSequence);
  to = bytes.writeUInt16LE(position.partition & 0xffff, to);
  return writeUInt64(bytes, to, position.offset);
}

function writeUInt64(bytes: Buffer, at: number, value: number): number {
  const bounded = Math.max(0, value);
  bytes.writeUInt32LE(bounded % 2 ** 32, at);
  return bytes.writeUInt32LE(Math.floor(bounded / 2 ** 32) % 2 ** 32, at + 4);
}
