// Single-object framing (Avro 1.12 specification, "Single-object encoding") over avsc.
// timestamp-nanos values are bigint: nanoseconds since 1970 do not fit a double. All other longs are numbers.

import { readFileSync } from 'node:fs';
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
  /** @throws {SchemaError} not framed, another schema, or a body that is short, long or invalid */
  decode(message: Buffer | null): T;
  /** The Avro body of a framed message, checked to be one whole record. @throws {SchemaError} as decode */
  body(message: Buffer | null): Buffer;
}

/** Reads NAME.avsc beside this file and makes its codec. */
export function loadCodec<T>(name: string): Codec<T> {
  const schema = JSON.parse(readFileSync(new URL(`${name}.avsc`, import.meta.url), 'utf8')) as avro.Schema & object;
  const type = avro.Type.forSchema(schema, {
    typeHook: (part) => ((part as { logicalType?: string }).logicalType === 'timestamp-nanos' ? bigLong : undefined),
  });
  const frameHeader = Buffer.concat([Buffer.from([0xc3, 0x01]), rabinFingerprint(JSON.stringify(type.schema()))]);

  function check(message: Buffer | null): Buffer {
    if (message === null || message.length < FRAME_HEADER_BYTES || message.readUInt16LE(0) !== MAGIC)
      throw new SchemaError('SCHEMA_FRAME', `not an Avro single-object message (${message?.length ?? 0} bytes)`);
    if (frameHeader.compare(message, 2, FRAME_HEADER_BYTES, 2) !== 0)
      throw new SchemaError(
        'SCHEMA_UNKNOWN',
        `schema fingerprint ${message.toString('hex', 2, FRAME_HEADER_BYTES)} is not that of ${name}`,
      );
    return message;
  }

  function decode(message: Buffer | null): T {
    const framed = check(message);
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

  return {
    name,
    schema,
    frameHeader,
    type,
    encode: (value) => Buffer.concat([frameHeader, type.toBuffer(value)]),
    decode,
    body: (message) => {
      decode(message);
      return (message as Buffer).subarray(FRAME_HEADER_BYTES);
    },
  };
}
