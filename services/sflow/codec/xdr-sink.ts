// Writes XDR (RFC 4506) into a fixed buffer. The sink is state only; the functions beside it know the formats.
//
// Every write passes one gate, `reserve`. What does not fit sets `overflow` and writes nothing, and so does everything
// after it: a caller writes a whole sample, looks at `overflow` once, and rewinds. Nothing throws for want of space.

export class Sink {
  readonly buffer: Buffer;
  offset = 0;
  /** Nothing is written at or behind it. */
  limit: number;
  /** A write did not fit since the last rewind. */
  overflow = false;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.limit = buffer.length;
  }
}

/** The offset where `bytes` bytes may be written, or -1. */
export function reserve(sink: Sink, bytes: number): number {
  const start = sink.offset;
  if (sink.overflow || bytes > sink.limit - start) {
    sink.overflow = true;
    return -1;
  }
  sink.offset = start + bytes;
  return start;
}

/** Forgets what was written from `offset` on. */
export function rewind(sink: Sink, offset: number): void {
  sink.offset = offset;
  sink.overflow = false;
}

/** RFC 4506, section 4.9: everything is a multiple of four bytes. */
export function padded(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** The low 32 bits: sFlow counters wrap, so numbers up to 2^53 are welcome. */
export function writeU32(sink: Sink, value: number): void {
  const at = reserve(sink, 4);
  if (at >= 0) sink.buffer.writeUInt32BE(value >>> 0, at);
}

export function writeI32(sink: Sink, value: number): void {
  const at = reserve(sink, 4);
  if (at >= 0) sink.buffer.writeInt32BE(value | 0, at);
}

/** RFC 4506, section 4.5 (hyper): high word first. Exact up to 2^53. */
export function writeU64(sink: Sink, value: number): void {
  const at = reserve(sink, 8);
  if (at < 0) return;
  sink.buffer.writeUInt32BE(Math.floor(value / 2 ** 32) >>> 0, at);
  sink.buffer.writeUInt32BE(value >>> 0, at + 4);
}

/** opaque[n] (RFC 4506, section 4.9): no length, zeroed padding. */
export function writeFixedOpaque(sink: Sink, source: Buffer, start: number, length: number): void {
  // A short copy would let bytes of an earlier datagram through: a programmer's mistake, not a matter of space.
  if (start < 0 || length < 0 || start + length > source.length) throw new RangeError('opaque outside its source');
  const size = padded(length);
  const at = reserve(sink, size);
  if (at < 0) return;
  source.copy(sink.buffer, at, start, start + length);
  sink.buffer.fill(0, at + length, at + size);
}

/** opaque<> (RFC 4506, section 4.10): the true length, the bytes, zeroed padding. */
export function writeOpaque(sink: Sink, source: Buffer, start: number, length: number): void {
  writeU32(sink, length);
  writeFixedOpaque(sink, source, start, length);
}

/** string<maxBytes> (RFC 4506, section 4.11) in UTF-8; what is longer is cut between characters. */
export function writeString(sink: Sink, text: string, maxBytes: number): void {
  const lengthAt = reserve(sink, 4);
  const capacity = Math.min(Buffer.byteLength(text), maxBytes);
  const at = reserve(sink, padded(capacity));
  if (at < 0) return;
  const length = sink.buffer.write(text, at, capacity, 'utf8');
  sink.buffer.writeUInt32BE(length, lengthAt);
  sink.offset = at + padded(length);
  sink.buffer.fill(0, at + length, sink.offset);
}

/** Opens a TLV's length; give what it returns to `closeLength`. */
export function openLength(sink: Sink): number {
  return reserve(sink, 4);
}

/** Fills the length in: the bytes written since, inner padding included (sFlow Version 5, section 5: data_format). */
export function closeLength(sink: Sink, opened: number): void {
  if (!sink.overflow) sink.buffer.writeUInt32BE(sink.offset - opened - 4, opened);
}
