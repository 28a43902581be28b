// Reads XDR (RFC 4506): the mirror of xdr-sink.ts. One gate, `take`; a read past the end sets `truncated` and gives 0,
// so a reader takes a whole structure and looks once.

export class Cursor {
  readonly buffer: Buffer;
  offset: number;
  /** Nothing is read at or behind it. */
  readonly end: number;
  truncated = false;

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.buffer = buffer;
    this.offset = offset;
    this.end = end;
  }
}

/** The offset of the next `bytes` bytes, or -1. */
export function take(cursor: Cursor, bytes: number): number {
  const start = cursor.offset;
  if (cursor.truncated || bytes > cursor.end - start) {
    cursor.truncated = true;
    return -1;
  }
  cursor.offset = start + bytes;
  return start;
}

export function remaining(cursor: Cursor): number {
  return cursor.end - cursor.offset;
}

export function readU32(cursor: Cursor): number {
  const at = take(cursor, 4);
  return at < 0 ? 0 : cursor.buffer.readUInt32BE(at);
}

export function readU64(cursor: Cursor): bigint {
  const at = take(cursor, 8);
  return at < 0 ? 0n : cursor.buffer.readBigUInt64BE(at);
}

/** opaque<>: a view of the bytes, not a copy. Padding cut off by the enclosing length is forgiven. */
export function readOpaque(cursor: Cursor): Buffer {
  const length = readU32(cursor);
  const at = take(cursor, length);
  if (at < 0) return cursor.buffer.subarray(0, 0);
  cursor.offset = Math.min(at + length + (-length & 3), cursor.end);
  return cursor.buffer.subarray(at, at + length);
}

export function readString(cursor: Cursor): string {
  return readOpaque(cursor).toString('utf8');
}
