// A record of a Kafka record batch in one piece. kafkajs 2.2.4 makes an encoder with a cleared buffer of 512 bytes for each, and
// counts in BigInts; and it groups the messages of a request by copying what a partition has for each one more. With a message a
// flow, or the samples of a batch spread over many partitions, that was half of what a worker did.
//
// Record (Kafka protocol, message format v2): length, attributes, timestamp delta, offset delta, key, value, headers; all numbers
// are zigzag varints, which are those of Avro.

import { createRequire } from 'node:module';
import { writeLong } from '@tcxflow/schemas/binary.ts';
import type { Message } from 'kafkajs';
import { type Encoder, encoderPrototype, REFERENCE_BYTES } from './kafkajs-encoder.ts';

export type RecordFields = Pick<Message, 'key' | 'value' | 'headers'> & {
  offsetDelta?: number;
  timestampDelta?: number;
};

const LENGTH_BYTES_MAX = 5;
/** Lengths, attributes, timestamp, offset, count of headers. */
const NUMBERS_BYTES_MAX = 5 * LENGTH_BYTES_MAX + 1 + 10;
type Bytes = Buffer | string | null | undefined;

export function encodeRecord({ offsetDelta = 0, timestampDelta = 0, key, value, headers }: RecordFields): Encoder {
  const list = headers ? headerList(headers) : [];
  const referred = Buffer.isBuffer(value) && value.length >= REFERENCE_BYTES;
  const valueBytes = lengthOf(value);
  let bytesMax = NUMBERS_BYTES_MAX + Math.max(0, lengthOf(key)) + (referred ? 0 : Math.max(0, valueBytes));
  for (const [name, content] of list)
    bytesMax += 2 * LENGTH_BYTES_MAX + lengthOf(name) + Math.max(0, lengthOf(content));
  const buf = Buffer.allocUnsafe(bytesMax);
  // The length comes first and is known last.
  let at = LENGTH_BYTES_MAX;
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
  const bodyBytes = at - LENGTH_BYTES_MAX + (referred ? valueBytes : 0);
  // Once at the front to learn how long it is.
  const start = LENGTH_BYTES_MAX - writeLong(buf, 0, bodyBytes);
  writeLong(buf, start, bodyBytes);
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
