// One record of the spool, field by field in docs/reference/spool-format.md; big-endian. The header has a CRC of its own, so
// that its length can be believed before the body is there: a write that kill -9 cut short is told from a damaged length,
// behind which records are lost.

import { readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

export interface SpoolRecord {
  topic: string;
  key: string;
  value: Buffer;
  /** Samples inside, for the accounts. */
  samples: number;
  /** ms since 1970 when it was put in. */
  storedAtMs: number;
}

export interface RecordHeader {
  bodyBytes: number;
  bodyCrc: number;
  storedAtMs: number;
  samples: number;
  topicBytes: number;
  keyBytes: number;
}

export const HEADER_BYTES = 32;
/** No segment is longer, whatever was configured when it was written: bounds what a length on disk can ask for. */
export const SEGMENT_BYTES_MAX = 64 << 20;
const MAGIC = 0x5458_5231; // "TXR1"

export function encodeRecord(record: SpoolRecord): Buffer {
  const topic = Buffer.from(record.topic, 'utf8');
  const key = Buffer.from(record.key, 'utf8');
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BYTES), topic, key, record.value]);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(bytes.length - HEADER_BYTES, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(HEADER_BYTES)), 8);
  bytes.writeBigUInt64BE(BigInt(record.storedAtMs), 12);
  bytes.writeUInt32BE(record.samples, 20);
  bytes.writeUInt16BE(topic.length, 24);
  bytes.writeUInt16BE(key.length, 26);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

const headerBuffer = Buffer.alloc(HEADER_BYTES);

/** @param end where the file ends @returns `torn` when the record would end behind it, `damaged` when it is none */
export function readHeader(fd: number, at: number, end: number): RecordHeader | 'torn' | 'damaged' {
  const bytes = headerBuffer;
  if (end - at < HEADER_BYTES || readSync(fd, bytes, 0, HEADER_BYTES, at) < HEADER_BYTES) return 'torn';
  if (bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt32BE(28) !== crc32(bytes.subarray(0, 28))) return 'damaged';
  const bodyBytes = bytes.readUInt32BE(4);
  const topicBytes = bytes.readUInt16BE(24);
  const keyBytes = bytes.readUInt16BE(26);
  if (bodyBytes > SEGMENT_BYTES_MAX || topicBytes + keyBytes > bodyBytes) return 'damaged';
  if (at + HEADER_BYTES + bodyBytes > end) return 'torn';
  const storedAtMs = Number(bytes.readBigUInt64BE(12));
  return {
    bodyBytes,
    bodyCrc: bytes.readUInt32BE(8),
    storedAtMs,
    samples: bytes.readUInt32BE(20),
    topicBytes,
    keyBytes,
  };
}

/** @returns undefined when the body is not what was written */
export function readBody(fd: number, at: number, header: RecordHeader): SpoolRecord | undefined {
  const body = Buffer.allocUnsafe(header.bodyBytes);
  const bytesRead = readSync(fd, body, 0, body.length, at + HEADER_BYTES);
  if (bytesRead < body.length || crc32(body) !== header.bodyCrc) return undefined;
  const keyAt = header.topicBytes;
  const valueAt = keyAt + header.keyBytes;
  return {
    topic: body.toString('utf8', 0, keyAt),
    key: body.toString('utf8', keyAt, valueAt),
    value: body.subarray(valueAt),
    samples: header.samples,
    storedAtMs: header.storedAtMs,
  };
}

/** A disk that becomes full takes a part, and only then says so. */
export function writeFully(fd: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}
