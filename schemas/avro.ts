// Single-object framing (Avro 1.12 specification, "Single-object encoding") over avsc.
// timestamp-nanos values are bigint: nanoseconds since 1970 do not fit a double. All other longs are numbers.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import avro from 'avsc';

const MAGIC = 0x01c3; // C3 01, read little-endian
export const FRAME_HEADER_BYTES = 10;

/** Why a framed message could not be read. */
export class SchemaError extends Error {
  readonly code: 'SCHEMA_FRAME' | 'SCHEMA_UNKNOWN' | 'SCHEMA_BODY';
  constructor(code: SchemaError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SchemaError';
    this.code = code;
  }
}

const bigLong = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.allocUnsafe(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: (value: number | string) => BigInt(value),
  toJSON: (value: bigint) => Number(value),
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** What avsc 5.7.9 hands its types to read from; not in its typings. */
interface Tap {
  buf: Buffer;
  pos: number;
  readLong(): number;
  skipLong(): void;
}
type ReadableType = avro.Type & { _read(tap: Tap): unknown };
type ArrayTypeConstructor = new (schema: avro.Schema, options: unknown) => avro.types.ArrayType;

/**
 * An array whose count comes from the wire. avsc makes room for as many items as a message of a few bytes claims to hold
 * (40 million end the process); here every item must have a byte at least, and reading ends where the message does.
 */
class BoundedArrayType extends (avro.types.ArrayType as ArrayTypeConstructor) {
  protected _read(tap: Tap): unknown[] {
    const items = this.itemsType as ReadableType;
    let values: unknown[] | undefined;
    let index = 0;
    for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
      if (count < 0) {
        count = -count;
        tap.skipLong();
      }
      const bytesLeft = tap.buf.length - tap.pos;
      if (count > bytesLeft) throw new RangeError(`${count} items in ${bytesLeft} bytes`);
      values ??= new Array(count);
      for (; count > 0 && tap.pos <= tap.buf.length; count--) values[index++] = items._read(tap);
      if (tap.pos > tap.buf.length) throw new RangeError('an item is cut short');
    }
    return values ?? [];
  }
}

const typeHook = (part: avro.Schema, options: unknown): avro.Type | undefined => {
  const { type, logicalType } = part as { type?: string; logicalType?: string };
  if (logicalType === 'timestamp-nanos') return bigLong;
  return type === 'array' ? new BoundedArrayType(part, options) : undefined;
};

/**
 * CRC-64-AVRO of a schema's parsing canonical form (Avro specification, "Schema Fingerprints").
 * @returns 8 bytes, little-endian, as the single-object header has them
 */
export function rabinFingerprint(canonicalForm: string): Buffer {
  const empty = 0xc15d213aa4d7a795n;
  let crc = empty;
  for (const byte of Buffer.from(canonicalForm, 'utf8')) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? empty : 0n);
  }
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(crc);
  return out;
}

/** Encodes and decodes one schema's messages. */
export interface Codec<T> {
  readonly name: string;
  /** The schema as in its .avsc file. */
  readonly schema: object;
  /** The first FRAME_HEADER_BYTES of every message. */
  readonly frameHeader: Buffer;
  readonly type: avro.Type;
  /** Framed message. @throws when the value does not fit the schema (a programming error) */
  encode(value: T): Buffer;
  /** An older schema's message too. @throws {SchemaError} not framed, another schema, or a body that is short, long or invalid */
  decode(message: Buffer | null): T;
  /** The message itself, or one of a released older schema as the present one has it. @throws {SchemaError} as decode */
  current(message: Buffer | null): Buffer;
  /** The Avro body of a framed message, checked to be one whole record. @throws {SchemaError} as decode */
  body(message: Buffer | null): Buffer;
  /** For who reads and writes one field, an array, by hand: what comes before it, and what after. */
  split(field: string): SplitCodec;
}

export interface SplitCodec {
  /** @returns the fields before, and where the field starts @throws {SchemaError} */
  decodeHead<Head>(message: Buffer | null): { value: Head; offset: number };
  /** The fields after, which end where the message does. @param offset behind the field @throws {SchemaError} */
  decodeTail<Tail>(message: Buffer, offset: number): Tail;
  /** The fields before, framed. */
  encodeHead(value: object): Buffer;
  /** The fields after; empty when there are none. */
  encodeTail(value: object): Buffer;
}

type HookedOptions = Parameters<typeof avro.Type.forSchema>[1];

/** Schemas of released versions that differ from the present one, released/NAME/*.avsc. @returns fingerprint → how to read it */
function loadReleased(name: string, reader: avro.Type): Map<string, avro.Resolver> {
  const folder = new URL(`released/${name}/`, import.meta.url);
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder).map((file) => {
      const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as avro.Schema;
      const writer = avro.Type.forSchema(schema, { typeHook } as HookedOptions);
      const fingerprint = rabinFingerprint(JSON.stringify(writer.schema())).toString('hex');
      return [fingerprint, reader.createResolver(writer)];
    }),
  );
}

/** Reads NAME.avsc beside this file and makes its codec. */
export function loadCodec<T>(name: string): Codec<T> {
  const schema = JSON.parse(readFileSync(new URL(`${name}.avsc`, import.meta.url), 'utf8')) as avro.Schema & object;
  const type = avro.Type.forSchema(schema, { typeHook } as Parameters<typeof avro.Type.forSchema>[1]);
  const frameHeader = Buffer.concat([Buffer.from([0xc3, 0x01]), rabinFingerprint(JSON.stringify(type.schema()))]);

  const older = loadReleased(name, type);

  function isFramed(message: Buffer | null): message is Buffer {
    return message !== null && message.length >= FRAME_HEADER_BYTES && message.readUInt16LE(0) === MAGIC;
  }

  /** Avro specification, "Schema Resolution". */
  function current(message: Buffer | null): Buffer {
    if (older.size === 0 || !isFramed(message)) return check(message);
    if (frameHeader.compare(message, 2, FRAME_HEADER_BYTES, 2) === 0) return message;
    const released = older.get(message.toString('hex', 2, FRAME_HEADER_BYTES));
    if (!released) return check(message);
    const { value, offset } = decodePart(type, message, FRAME_HEADER_BYTES, released);
    if (offset !== message.length)
      throw new SchemaError('SCHEMA_BODY', `body does not fit ${name}: it ends at ${offset} of ${message.length}`);
    return encode(value as T);
  }

  const encode = (value: T): Buffer => Buffer.concat([frameHeader, type.toBuffer(value)]);

  function check(message: Buffer | null): Buffer {
    if (!isFramed(message)) {
      const bytes = (message as Buffer | null)?.length ?? 0;
      throw new SchemaError('SCHEMA_FRAME', `not an Avro single-object message (${bytes} bytes)`);
    }
    if (frameHeader.compare(message, 2, FRAME_HEADER_BYTES, 2) !== 0)
      throw new SchemaError(
        'SCHEMA_UNKNOWN',
        `schema fingerprint ${message.toString('hex', 2, FRAME_HEADER_BYTES)} is not that of ${name}`,
      );
    return message;
  }

  function decode(message: Buffer | null): T {
    const framed = current(message);
    let result: { value: unknown; offset: number };
    try {
      result = type.decode(framed, FRAME_HEADER_BYTES);
    } catch (cause) {
      throw new SchemaError('SCHEMA_BODY', `body does not fit ${name}: ${(cause as Error).message}`, { cause });
    }
    // avsc answers a body that ends too early with offset -1.
    if (result.offset !== framed.length)
      throw new SchemaError(
        'SCHEMA_BODY',
        `body does not fit ${name}: it ends at ${result.offset} of ${framed.length}`,
      );
    return result.value as T;
  }

  /** A record of some of the fields; it has types of its own, as a name stands for one type only once. */
  function recordOf(fields: object[]): avro.Type {
    const part = { ...schema, fields };
    return avro.Type.forSchema(part as avro.Schema, { typeHook } as Parameters<typeof avro.Type.forSchema>[1]);
  }

  function split(field: string): SplitCodec {
    const { fields } = structuredClone(schema) as unknown as { fields: { name: string }[] };
    const at = fields.findIndex((each) => each.name === field);
    const head = recordOf(fields.slice(0, at));
    const tail = recordOf(fields.slice(at + 1));
    return {
      decodeHead<Head>(message: Buffer | null) {
        const framed = check(message);
        const { value, offset } = decodePart(head, framed, FRAME_HEADER_BYTES);
        return { value: value as Head, offset };
      },
      decodeTail<Tail>(message: Buffer, offset: number) {
        const { value, offset: end } = decodePart(tail, message, offset);
        if (end !== message.length)
          throw new SchemaError('SCHEMA_BODY', `body does not fit ${name}: it ends at ${end} of ${message.length}`);
        return value as Tail;
      },
      encodeHead: (value) => Buffer.concat([frameHeader, head.toBuffer(value)]),
      encodeTail: (value) => tail.toBuffer(value),
    };
  }

  function decodePart(
    part: avro.Type,
    framed: Buffer,
    start: number,
    resolver?: avro.Resolver,
  ): { value: unknown; offset: number } {
    try {
      const result = part.decode(framed, start, resolver);
      // avsc answers a body that ends too early with offset -1.
      if (result.offset < 0) throw new RangeError('it ends too early');
      return result;
    } catch (cause) {
      throw new SchemaError('SCHEMA_BODY', `body does not fit ${name}: ${(cause as Error).message}`, { cause });
    }
  }

  return {
    name,
    schema,
    split,
    frameHeader,
    type,
    encode,
    decode,
    current,
    body: (message) => {
      const framed = current(message);
      decode(framed);
      return framed.subarray(FRAME_HEADER_BYTES);
    },
  };
}
