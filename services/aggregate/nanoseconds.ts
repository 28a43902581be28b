// Nanoseconds since 1970 as an Avro long: more than a double holds exactly, and BigInt would be dear for every flow. Pure.

import { writeLong } from '@tcxflow/schemas/binary.ts';

const UNIT = 2 ** 21;

/**
 * @param startMs ms since 1970
 * @param restNs ns to be added, below 2^52
 * @returns the offset behind it
 */
export function writeNanoseconds(bytes: Buffer, at: number, startMs: number, restNs: number): number {
  if (startMs < 0 || restNs < 0) return writeAny(bytes, at, BigInt(startMs) * 1_000_000n + BigInt(restNs));
  // ns = high * 2^21 + low, each of them exact.
  const startHigh = Math.floor(startMs / UNIT);
  const low = (startMs - startHigh * UNIT) * 1e6 + restNs;
  const carry = Math.floor(low / UNIT);
  const high = startHigh * 1e6 + carry;
  const bits = low - carry * UNIT;
  if (high >= 2 ** 42) return writeAny(bytes, at, BigInt(startMs) * 1_000_000n + BigInt(restNs));
  if (high === 0) return writeLong(bytes, at, bits);
  // Zigzag doubles it: three groups of seven bits have 20 bits of the low part, its highest goes with the high one.
  bytes[at] = ((bits & 0x3f) << 1) | 0x80;
  bytes[at + 1] = ((bits >>> 6) & 0x7f) | 0x80;
  bytes[at + 2] = ((bits >>> 13) & 0x7f) | 0x80;
  let to = at + 3;
  let rest = high * 2 + (bits >>> 20);
  while (rest > 0x7f) {
    bytes[to++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[to++] = rest;
  return to;
}

/** Times that no clock shows lose what does not fit 64 bits. */
function writeAny(bytes: Buffer, at: number, value: bigint): number {
  const inRange = BigInt.asIntN(64, value);
  let rest = BigInt.asUintN(64, (inRange << 1n) ^ (inRange >> 63n));
  let to = at;
  while (rest > 0x7fn) {
    bytes[to++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  bytes[to++] = Number(rest);
  return to;
}
