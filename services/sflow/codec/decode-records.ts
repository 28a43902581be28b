// The list of records that ends every flow and counters sample (sFlow Version 5, section 5: flow_record, counter_record):
// count, then tag, length and body each.
//
// The length is trusted, as the specification asks of a reader: what is known of the body is read, the rest skipped.
// A record that is unknown, or too short for what we know of it, is kept raw.

import { type Cursor, readU32, remaining } from './xdr-cursor.ts';

export interface RawRecord {
  kind: 'raw';
  /** enterprise << 12 | format. */
  tag: number;
  /** A view of the datagram. */
  bytes: Buffer;
}

/** Tag and length: so many bytes an entry needs at least, which bounds what a count can make a reader do. */
const MIN_ENTRY_BYTES = 8;

/**
 * Reads a count and as many entries of tag, length and body.
 * @param decode is given the body's bounds in the cursor's buffer
 * @returns null with the cursor at the count or length that cannot be true
 */
export function decodeRecords<T>(
  cursor: Cursor,
  decode: (tag: number, buffer: Buffer, start: number, end: number) => T | null,
): (T | RawRecord)[] | null {
  const count = readCount(cursor);
  if (count < 0) return null;
  const records: (T | RawRecord)[] = [];
  for (let i = 0; i < count; i++) {
    const tag = readU32(cursor);
    const length = enterBody(cursor);
    if (length < 0) return null;
    const start = cursor.offset;
    const end = start + length;
    records.push(
      decode(tag, cursor.buffer, start, end) ?? { kind: 'raw', tag, bytes: cursor.buffer.subarray(start, end) },
    );
    leaveBody(cursor, end);
  }
  return records;
}

/** A count of entries that the rest of the cursor can hold, or -1. */
export function readCount(cursor: Cursor): number {
  const start = cursor.offset;
  const count = readU32(cursor);
  if (!cursor.truncated && count <= remaining(cursor) / MIN_ENTRY_BYTES) return count;
  cursor.offset = start;
  return -1;
}

/** Reads the length of a body that begins at the cursor then; -1 with the cursor before it when it cannot be true. */
export function enterBody(cursor: Cursor): number {
  const start = cursor.offset;
  const length = readU32(cursor);
  if (!cursor.truncated && length <= remaining(cursor)) return length;
  cursor.truncated = true;
  cursor.offset = start;
  return -1;
}

/** Some agents write the unpadded length; the next entry begins at a multiple of four all the same. */
export function leaveBody(cursor: Cursor, end: number): void {
  const length = end - cursor.offset;
  cursor.offset = Math.min(end + (-length & 3), cursor.end);
}
