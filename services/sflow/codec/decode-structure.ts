// Reads a structure by its list of fields. A body that is longer is read as far as it is known; one too short is not read.

import { ADDRESS_IPV4, ADDRESS_IPV6, UNKNOWN_U32, UNKNOWN_U64 } from './constants.ts';
import { COUNTER_STRUCTURES, type Field, FLOW_STRUCTURES, type ScalarKind, type Structure } from './structures.ts';
import { Cursor, readString, readU32, readU64, remaining, take } from './xdr-cursor.ts';

/** MACs, UUIDs and addresses are views of the datagram; null: not counted, or an address of type unknown. */
export type Value = number | bigint | string | Buffer | null | Value[] | Values;
export interface Values {
  [name: string]: Value;
}

export interface DecodedStructure {
  kind: 'structure';
  /** enterprise << 12 | format. */
  tag: number;
  name: string;
  values: Values;
}

const flowStructures = new Map(FLOW_STRUCTURES.map((structure) => [structure.tag, structure]));
const counterStructures = new Map(COUNTER_STRUCTURES.map((structure) => [structure.tag, structure]));

/** Null: not known, or too short for what is known of it. */
export function decodeFlowStructure(tag: number, buffer: Buffer, start: number, end: number): DecodedStructure | null {
  return decodeStructure(flowStructures.get(tag), buffer, start, end);
}

export function decodeCounterStructure(
  tag: number,
  buffer: Buffer,
  start: number,
  end: number,
): DecodedStructure | null {
  return decodeStructure(counterStructures.get(tag), buffer, start, end);
}

function decodeStructure(
  structure: Structure | undefined,
  buffer: Buffer,
  start: number,
  end: number,
): DecodedStructure | null {
  if (!structure) return null;
  const { tag, name, fields, optionalFrom = fields.length } = structure;
  const cursor = new Cursor(buffer, start, end);
  const values: Values = {};
  for (const [index, field] of fields.entries()) {
    if (index >= optionalFrom && remaining(cursor) === 0) values[field.name] = null;
    else values[field.name] = readField(cursor, field);
    if (cursor.truncated) return null;
  }
  return { kind: 'structure', tag, name, values };
}

function readField(cursor: Cursor, field: Field): Value {
  if (field.kind !== 'list') return readers[field.kind](cursor);
  return readList(cursor, field.of.length * 4, () => {
    const values: Values = {};
    for (const inner of field.of) values[inner.name] = readField(cursor, inner);
    return values;
  });
}

/** A count that the rest cannot hold ends the reading before it begins. */
function readList(cursor: Cursor, minBytes: number, read: (cursor: Cursor) => Value): Value[] {
  const count = readU32(cursor);
  if (count > remaining(cursor) / minBytes) cursor.truncated = true;
  const list: Value[] = [];
  for (let index = 0; index < count && !cursor.truncated; index++) list.push(read(cursor));
  return list;
}

function readBytes(cursor: Cursor, length: number): Buffer {
  const at = take(cursor, (length + 3) & ~3);
  return at < 0 ? cursor.buffer.subarray(0, 0) : cursor.buffer.subarray(at, at + length);
}

const readMac = (cursor: Cursor) => readBytes(cursor, 6);

const readers: Record<ScalarKind, (cursor: Cursor) => Value> = {
  u32: readU32,
  i32: (cursor) => readU32(cursor) | 0,
  u64: readU64,
  f32(cursor) {
    const at = take(cursor, 4);
    return at < 0 ? 0 : cursor.buffer.readFloatBE(at);
  },
  u8(cursor) {
    const at = take(cursor, 1);
    return at < 0 ? 0 : cursor.buffer.readUInt8(at);
  },
  counter(cursor) {
    const value = readU32(cursor);
    return value === UNKNOWN_U32 ? null : value;
  },
  counter64(cursor) {
    const value = readU64(cursor);
    return value === UNKNOWN_U64 ? null : value;
  },
  mac: readMac,
  ipv4: (cursor) => readBytes(cursor, 4),
  ipv6: (cursor) => readBytes(cursor, 16),
  address(cursor) {
    const type = readU32(cursor);
    if (type === ADDRESS_IPV4) return readBytes(cursor, 4);
    if (type === ADDRESS_IPV6) return readBytes(cursor, 16);
    // Of any other type the length is not known, so nothing behind it can be read.
    if (type !== 0) cursor.truncated = true;
    return null;
  },
  string: readString,
  uuid: (cursor) => readBytes(cursor, 16),
  'u32[]': (cursor) => readList(cursor, 4, readU32),
  'mac[]': (cursor) => readList(cursor, 8, readMac),
};
