// Avro's binary encoding (Avro 1.12 specification, "Binary Encoding") by hand, for what a worker does to every sample:
// no object is made of it. avsc does everything else, and the tests hold this against it.

/** Avro's zigzag varint, for safe integers. @returns the offset behind it */
export function writeLong(bytes: Buffer, at: number, value: number): number {
  // Small enough to be inlined where it is called; most numbers end here.
  if (value >= 0 && value < 0x40) {
    bytes[at] = value << 1;
    return at + 1;
  }
  return writeLongerLong(bytes, at, value);
}

function writeLongerLong(bytes: Buffer, at: number, value: number): number {
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

/** @returns how many bytes writeLong takes for it */
export function longBytes(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let bytes = 1;
  for (; rest > 0x7f; bytes++) rest = Math.floor(rest / 0x80);
  return bytes;
}

/** Where reading is. Behind the end nothing is read but zeros: whoever reads a message looks at its end whether `at` is past it. */
export interface BinaryReader {
  bytes: Buffer;
  at: number;
}

/** Longs beyond 2^53 lose their lowest bits; of a varint longer than ten bytes the rest is read as the next one. */
export function readLong(reader: BinaryReader): number {
  const { bytes } = reader;
  let at = reader.at;
  let byte = bytes[at++] ?? 0;
  if (byte < 0x80) {
    reader.at = at;
    return (byte >>> 1) ^ -(byte & 1);
  }
  let value = byte & 0x7f;
  for (let shift = 7; shift < 28; shift += 7) {
    byte = bytes[at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      reader.at = at;
      return (value >>> 1) ^ -(value & 1);
    }
  }
  let factor = 0x1000_0000;
  for (let count = 4; count < 10; count++) {
    byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte < 0x80) break;
  }
  reader.at = at;
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
