import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import { SchemaError } from '@tcxflow/schemas/avro.ts';
import type { DecodedBatch, Flow } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, flowCodec } from '@tcxflow/schemas/topics.ts';
import { dueWindows } from './due-windows.ts';
import { batch, sample } from './testing/batches.ts';
import { flowsIn, messagesOf } from './testing/flows.ts';
import { naiveFlows } from './testing/naive.ts';
import { randomBatch } from './testing/random-batch.ts';
import { addBatch, createWindowSet } from './windows.ts';

const WINDOW_MS = 60_000;
const T0_NS = 1_767_225_600_000_000_000n;

function randomBatches(random: Random): DecodedBatch[] {
  return Array.from({ length: 1 + random.below(12) }, (_, index) =>
    randomBatch(random, index, T0_NS + BigInt(random.below(2 ** 31)) * BigInt(random.pick([1, 30]))),
  );
}

function aggregate(messages: Iterable<Buffer>, windowMs = WINDOW_MS): Flow[] {
  const set = createWindowSet();
  let offset = 0;
  for (const message of messages) addBatch(set, message, offset++, windowMs, () => true);
  return flowsIn(dueWindows(set, Infinity)).map((flow) => ({ ...flow }));
}

test('flows are bit by bit those that objects and avsc make of the same batches', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const batches = randomBatches(seededRandom(seed));
    const flows = aggregate(batches.map((each) => decodedBatchCodec.encode(each)));
    assert.deepEqual(flows, naiveFlows(batches, WINDOW_MS), `seed ${seed}`);
  }
});

test('what is written by hand is, byte by byte, what avsc writes', () => {
  const set = createWindowSet();
  for (const each of randomBatches(seededRandom(7)))
    addBatch(set, decodedBatchCodec.encode(each), each.sourceOffset, WINDOW_MS, () => true);
  for (const window of set.windows.values())
    for (const { value } of messagesOf(window)) assert.deepEqual(flowCodec.encode(flowCodec.decode(value)), value);
});

test('of a message that is cut anywhere, or has a byte too many, nothing is added', () => {
  const message = decodedBatchCodec.encode(randomBatch(seededRandom(3), 1, T0_NS));
  const set = createWindowSet();
  const refused = (part: Buffer) =>
    assert.throws(() => addBatch(set, part, 0, WINDOW_MS, () => true), SchemaError, `${part.length} bytes`);
  for (let length = 0; length < message.length; length += length < 400 ? 1 : 13) refused(message.subarray(0, length));
  refused(Buffer.concat([message, Buffer.alloc(1)]));
  assert.deepEqual([set.windows.size, set.highWater.size, set.newestMs], [0, 0, -Infinity]);
});

test('a mutated message is refused or makes flows that fit their schema, without a loop or another throw', () => {
  const random = seededRandom(11);
  const message = decodedBatchCodec.encode(randomBatch(random, 1, T0_NS));
  let added = 0;
  for (let round = 0; round < 3000; round++) {
    const mutated = Buffer.from(message);
    for (let count = 1 + random.below(4); count > 0; count--)
      mutated[10 + random.below(mutated.length - 10)] = random.below(256);
    const set = createWindowSet();
    try {
      addBatch(set, mutated, 0, WINDOW_MS, () => true);
      added++;
    } catch (error) {
      assert.ok(error instanceof SchemaError, `round ${round}: ${(error as Error).stack}`);
    }
    for (const flow of flowsIn(set.windows.values())) assert.ok(flowCodec.type.isValid(flow), `round ${round}`);
  }
  assert.ok(added > 100, `${added} were read`);
});

test('counts that the message cannot hold end with it', () => {
  const whole = decodedBatchCodec.encode(batch([], { agentHostname: '' }));
  const { encodeHead } = decodedBatchCodec.split('samples');
  const head = encodeHead(batch([]));
  assert.deepEqual(head, whole.subarray(0, head.length));
  for (const claim of ['8080c2a608', 'feffffffffffffffff01', 'ffffc2a60800'])
    assert.throws(
      () => addBatch(createWindowSet(), Buffer.concat([head, Buffer.from(claim, 'hex')]), 0, WINDOW_MS, () => true),
      SchemaError,
    );
});

test('sums that no reader takes stop at the largest that all do', () => {
  const most = 2 ** 31 - 1;
  const huge = sample({ samplingRate: most, sampleCount: most, wireBytes: most, ipBytes: most });
  const [flow] = aggregate([decodedBatchCodec.encode(batch([huge, huge]))]);
  assert.deepEqual([flow?.samples, flow?.packets, flow?.bytes], [2 * most, 2 ** 53 - 2, 2 ** 53 - 2]);
  const less = sample({ samplingRate: most, sampleCount: most, wireBytes: -most, segments: -5 });
  assert.equal(aggregate([decodedBatchCodec.encode(batch([less]))])[0]?.bytes, -(2 ** 52));
});

test('a raw partition that has no place in a checkpoint is refused', () => {
  for (const sourcePartition of [-1, 128, 2 ** 31 - 1])
    assert.throws(() => aggregate([decodedBatchCodec.encode(batch([], { sourcePartition }))]), SchemaError);
});

test('a sample of a source or network that its batch does not have has none', () => {
  const lost = sample({ source: 9, srcNetwork: 5, dstNetwork: -1, srcAs: 7, dstAs: -3, srcCountry: 0xffff });
  const [flow] = aggregate([decodedBatchCodec.encode(batch([lost]))]);
  assert.partialDeepStrictEqual(flow, { ifIndex: 0, ifName: '', direction: 'ingress', agent: 'host-1' });
  assert.partialDeepStrictEqual(flow, { srcNetwork: '', dstNetwork: '', srcAs: 0, dstAs: 0, srcCountry: '' });
});
