import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import './kafkajs.ts';
import { type Encoder, partsOf } from './kafkajs-encoder.ts';
import { encodeRecord, type RecordFields } from './kafkajs-record.ts';
import { seededRandom } from './testing/random.ts';

const require = createRequire(import.meta.url);

/** As kafkajs has it, under what was put in its place. */
function original<T>(path: string): T {
  const resolved = require.resolve(path);
  const replaced = require.cache[resolved];
  delete require.cache[resolved];
  try {
    return require(path);
  } finally {
    require.cache[resolved] = replaced;
  }
}

const bytesOf = (encoder: Encoder) => Buffer.concat(partsOf(encoder));

test('records are byte for byte those of kafkajs', () => {
  const theirs = original<(fields: RecordFields) => Encoder>('kafkajs/src/protocol/recordBatch/record/v0');
  assert.notEqual(theirs, encodeRecord);
  const random = seededRandom(5);
  const sizes = [0, 1, 63, 64, 1000, 1023, 1024, 1025, 8191, 8192, 100_000];
  const bytes = () => random.bytes(sizes[random.below(sizes.length)] as number);
  for (let round = 0; round < 500; round++) {
    const headers: Record<string, Buffer | string | (Buffer | string)[]> = {};
    for (let header = random.below(4); header > 0; header--)
      headers[`header-${header}`] = [bytes(), 'text ü', [bytes(), 'b', '']][random.below(3)] as Buffer;
    const fields: RecordFields = {
      key: [null, '', 'agent-ü', bytes()][random.below(4)] as string,
      value: [null, 'text', bytes(), bytes()][random.below(4)] as Buffer,
      ...(random.chance(60) ? { headers } : {}),
      offsetDelta: random.below(100_000),
      timestampDelta: [0, 1, 1000, 2 ** 31, 2 ** 40, -5][random.below(6)] as number,
    };
    const encoder = encodeRecord(fields);
    const expected = bytesOf(theirs(fields));
    assert.equal(encoder.size(), expected.length, `round ${round}`);
    assert.ok(bytesOf(encoder).equals(expected), `round ${round}`);
    assert.ok(encoder.buffer.equals(expected), `round ${round}`);
  }
  assert.ok(bytesOf(encodeRecord({ value: null })).equals(bytesOf(theirs({ value: null }))));
});

test('messages are grouped by partition as kafkajs does it', () => {
  type Group = (of: object) => Record<number, unknown[]>;
  const path = 'kafkajs/src/producer/groupMessagesPerPartition';
  const theirs = original<Group>(path);
  const ours = require(path) as Group;
  assert.notEqual(theirs, ours);
  const messages = Array.from({ length: 1000 }, (_, number) => ({
    value: String(number),
    partition: (number * 7) % 13,
  }));
  const partitioner = ({ message }: { message: { partition: number } }) => message.partition;
  for (const partitionMetadata of [[], [1]]) {
    const of = { topic: 't', partitionMetadata, messages, partitioner };
    assert.deepEqual(ours(of), theirs(of));
  }
});
