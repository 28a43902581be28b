// Writes a structure by its list of fields: tag, length and body.

import { ADDRESS_IPV4, ADDRESS_IPV6, UNKNOWN_U32 } from './constants.ts';
import type { Value, Values } from './decode-structure.ts';
import type { Field, ScalarKind, Structure } from './structures.ts';
import {
  closeLength,
  openLength,
  reserve,
  type Sink,
  writeFixedOpaque,
  writeI32,
  writeString,
  writeU32,
} from './xdr-sink.ts';

const MAX_STRING_BYTES = 1024;

/** Look at `sink.overflow` afterwards. What is missing among the values is written as unknown. */
export function writeStructure(sink: Sink, structure: Structure, values: Values): void {
  writeU32(sink, structure.tag);
  const length = openLength(sink);
  for (const field of structure.fields) writeField(sink, field, values[field.name] ?? null);
  closeLength(sink, length);
}

function writeField(sink: Sink, field: Field, value: Value): void {
  if (field.kind !== 'list') {
    writers[field.kind](sink, value);
    return;
  }
  writeList(sink, value, (entry) => {
    for (const inner of field.of) writeField(sink, inner, (entry as Values)[inner.name] ?? null);
  });
}

function writeList(sink: Sink, value: Value, write: (entry: Value) => void): void {
  const list = Array.isArray(value) ? value : [];
  writeU32(sink, list.length);
  for (const entry of list) write(entry);
}

function writeHyper(sink: Sink, value: Value, unknown: bigint): void {
  const at = reserve(sink, 8);
  if (at < 0) return;
  const known = typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value ?? 0)));
  sink.buffer.writeBigUInt64BE(value === null ? unknown : BigInt.asUintN(64, known), at);
}

const bytesWriter = (length: number) => (sink: Sink, value: Value) =>
  Buffer.isBuffer(value)
    ? writeFixedOpaque(sink, value, 0, length)
    : writeFixedOpaque(sink, Buffer.alloc(length), 0, length);

const writeMac = bytesWriter(6);
const writeNumber = (sink: Sink, value: Value) => writeU32(sink, Number(value ?? 0));

const writers: Record<ScalarKind, (sink: Sink, value: Value) => void> = {
  u32: writeNumber,
  i32: (sink, value) => writeI32(sink, Number(value ?? 0)),
  u64: (sink, value) => writeHyper(sink, value, 0n),
  f32(sink, value) {
    const at = reserve(sink, 4);
    if (at >= 0) sink.buffer.writeFloatBE(Number(value ?? 0), at);
  },
  u8(sink, value) {
    const at = reserve(sink, 1);
    if (at >= 0) sink.buffer.writeUInt8(Number(value ?? 0) & 0xff, at);
  },
  counter: (sink, value) => writeU32(sink, value === null ? UNKNOWN_U32 : Number(value)),
  counter64: (sink, value) => writeHyper(sink, value, 0xffffffffffffffffn),
  mac: writeMac,
  ipv4: bytesWriter(4),
  ipv6: bytesWriter(16),
  address(sink, value) {
    const length = Buffer.isBuffer(value) ? value.length : 0;
    writeU32(sink, length === 4 ? ADDRESS_IPV4 : length === 16 ? ADDRESS_IPV6 : 0);
    if (Buffer.isBuffer(value) && (length === 4 || length === 16)) writeFixedOpaque(sink, value, 0, length);
  },
  string: (sink, value) => writeString(sink, String(value ?? ''), MAX_STRING_BYTES),
  uuid: bytesWriter(16),
  'u32[]': (sink, value) => writeList(sink, value, (entry) => writeNumber(sink, entry)),
  'mac[]': (sink, value) => writeList(sink, value, (entry) => writeMac(sink, entry)),
};
