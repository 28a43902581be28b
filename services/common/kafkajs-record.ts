// A record of a Kafka record batch in one piece. kafkajs 2.2.4 makes an encoder with a cleared buffer of 512 bytes for each, and
// counts in BigInts; and it groups the messages of a request by copying what a partition has for each one more. With a message a
// flow, or the samples of a batch spread over many partitions, that was half of what a worker did.
//
// Record (Kafka protocol, message format v2): length, attributes, timestamp delta, offset delta, key, value, headers; all numbers
// are zigzag varints, which are those of Avro.

import { createRequire } from 'node:module';
import { longBytes, writeLong } from '@tcxflow/schemas/binary.ts';
import type { Message } from 'kafkajs';
import { type Encoder, encoderPrototype, REFERENCE_BYTES } from './kafkajs-encoder.ts';

export type RecordFields = Pick<Message, 'key' | 'value' | 'headers'> & {
  offsetDelta?: number;
  timestampDelta?: number;
};

/** Small records lie one behind the other in a buffer of this size, and are taken from it in one piece: see writeEncoderArray. */
const ARENA_BYTES = 256 << 10;
type Bytes = Buffer | string | null | undefined;
let arena = Buffer.alloc(0);
let arenaAt = 0;

export function encodeRecord({ offsetDelta = 0, timestampDelta = 0, key, value, headers }: RecordFields): Encoder {
  const list = headers ? headerList(headers) : [];
  const referred = Buffer.isBuffer(value) && value.length >= REFERENCE_BYTES;
  const valueBytes = lengthOf(value);
  let bodyBytes =
    1 +
    longBytes(timestampDelta) +
    longBytes(offsetDelta) +
    sizeOf(lengthOf(key)) +
    sizeOf(valueBytes) +
    longBytes(list.length);
  for (const [name, content] of list) bodyBytes += sizeOf(lengthOf(name)) + sizeOf(lengthOf(content));
  const buf = reserve(longBytes(bodyBytes) + bodyBytes - (referred ? valueBytes : 0));
  const start = arenaAt;
  let at = writeLong(buf, start, bodyBytes);
  buf[at++] = 0; // no attributes
  at = writeLong(buf, at, timestampDelta);
  at = writeLong(buf, at, offsetDelta);
  at = writeBytes(buf, at, key);
  const head = referred ? writeLong(buf, at, valueBytes) : writeBytes(buf, at, value);
  at = writeLong(buf, head, list.length);
  for (const [name, content] of list) {
    at = writeBytes(buf, at, name);
    at = writeBytes(buf, at, content);
  }
  arenaAt = at;
  const encoder = Object.create(encoderPrototype) as Encoder;
  encoder.buf = buf;
  encoder.offset = at;
  encoder.start = start;
  if (referred) {
    encoder.parts = [buf.subarray(start, head), value];
    encoder.partsBytes = head - start + valueBytes;
    encoder.start = head;
  }
  return encoder;
}

/** @returns what has so many bytes free from `arenaAt` on */
function reserve(bytes: number): Buffer {
  if (arenaAt + bytes > arena.length) {
    // What lies in the one before keeps it alive until it is sent.
    arena = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, bytes));
    arenaAt = 0;
  }
  return arena;
}

/** Of a length and what it is of. */
function sizeOf(length: number): number {
  return longBytes(length) + Math.max(0, length);
}

/** @returns -1 for none, as the format has it */
function lengthOf(value: Bytes): number {
  if (value === null || value === undefined) return -1;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

function writeBytes(buf: Buffer, at: number, value: Bytes): number {
  const to = writeLong(buf, at, lengthOf(value));
  if (value === null || value === undefined) return to;
  return to + (typeof value === 'string' ? buf.write(value, to) : value.copy(buf, to));
}

function headerList(headers: NonNullable<Message['headers']>): [string, Bytes][] {
  return Object.entries(headers).flatMap(([name, content]) =>
    Array.isArray(content)
      ? content.map((each): [string, Bytes] => [name, each])
      : [[name, content] as [string, Bytes]],
  );
}

type Partitioner = (of: { topic: string; partitionMetadata: readonly unknown[]; message: Message }) => number;

/** @returns the messages of each partition, in order */
function groupMessages(of: {
  topic: string;
  partitionMetadata: readonly unknown[];
  messages: readonly Message[];
  partitioner: Partitioner;
}): Record<number, Message[]> {
  const { topic, partitionMetadata, messages, partitioner } = of;
  const groups: Record<number, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    const group = groups[partition];
    if (group) group.push(message);
    else groups[partition] = [message];
  }
  return groups;
}

/** Before kafkajs is loaded: its modules take what they find in place of their neighbours. */
export function replaceRecordEncoding(): void {
  const require = createRequire(import.meta.url);
  const replace = (path: string, exported: unknown) => {
    require(path);
    (require.cache[require.resolve(path)] as NodeJS.Module).exports = exported;
  };
  replace('kafkajs/src/protocol/recordBatch/record/v0', encodeRecord);
  replace('kafkajs/src/producer/groupMessagesPerPartition', groupMessages);
}
