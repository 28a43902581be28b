import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { DecodedBatch, FlowSummary } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, flowSummaryCodec } from '@tcxflow/schemas/topics.ts';
import { dueWindows } from './due-windows.ts';
import { type KeySetConfig, keyFields, makeKeySet } from './key-set.ts';
import { batch, sample } from './testing/batches.ts';
import { flowsIn, messagesOf, summariesIn } from './testing/flows.ts';
import { naiveFlows } from './testing/naive.ts';
import { naiveSummaries } from './testing/naive-summaries.ts';
import { randomBatch } from './testing/random-batch.ts';
import { addBatch, createWindowSet, openWindows } from './windows.ts';

const MINUTE = 60_000;
const T0_NS = 1_767_225_600_000_000_000n;

const set = (fields: Partial<KeySetConfig> = {}): KeySetConfig => ({
  ...{ name: 'x', windowMs: MINUTE, key: ['agent'], prefixV4: 32, prefixV6: 128 },
  ...fields,
});

const byTuple = set({ name: 'tuple', key: ['srcAddress', 'dstAddress', 'protocol', 'srcPort', 'dstPort'] });
const bySystem = set({
  name: 'system',
  windowMs: 10_000,
  key: ['srcAddress', 'dstAddress', 'srcAs', 'dstAs'],
  prefixV4: 24,
  prefixV6: 47,
});
const byAll = set({ name: 'all', windowMs: 7000, key: [...keyFields] });

/** Flows, and summaries by set, of these batches at once. */
function aggregate(batches: readonly DecodedBatch[], keySets: readonly KeySetConfig[]) {
  const windows = createWindowSet(new Map(), keySets.map(makeKeySet));
  for (const [offset, each] of batches.entries())
    addBatch(windows, decodedBatchCodec.encode(each), offset, MINUTE, () => true);
  const due = dueWindows(windows, Infinity);
  return {
    flows: flowsIn(due.filter(({ keySet }) => !keySet)).map((flow) => ({ ...flow })),
    summaries: keySets.map(({ name }) =>
      summariesIn(due.filter(({ keySet }) => keySet?.name === name)).map((summary) => ({ ...summary })),
    ),
  };
}

function randomBatches(random: Random): DecodedBatch[] {
  const v4 = ['0a000001', '0a0000ff', '0a000101', 'ffffffff'].map((host) =>
    Buffer.from(`00000000000000000000ffff${host}`, 'hex'),
  );
  return Array.from({ length: 1 + random.below(8) }, (_, index) => {
    const each = randomBatch(random, index, T0_NS + BigInt(random.below(2 ** 31)) * BigInt(random.pick([1, 30])));
    for (const one of each.samples) if (random.chance(50)) one.srcAddress = random.pick(v4);
    return each;
  });
}

/** Any fields, any prefixes, any window. */
function randomKeySet(random: Random, name: string): KeySetConfig {
  const key = keyFields.filter(() => random.chance(30));
  const prefixV4 = random.pick([0, 8, 23, 31, 32]);
  return set({ name, windowMs: random.pick([1000, 9999, 3_600_000]), key, prefixV4, prefixV6: random.below(129) });
}

test('two key sets at once, and the flows, are bit by bit what objects and avsc make of the same batches', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const batches = randomBatches(random);
    const keySets = seed % 2 ? [byTuple, bySystem, byAll] : [randomKeySet(random, 'a'), randomKeySet(random, 'b')];
    const { flows, summaries } = aggregate(batches, keySets);
    assert.deepEqual(flows, naiveFlows(batches, MINUTE), `seed ${seed}`);
    for (const [index, keySet] of keySets.entries())
      assert.deepEqual(summaries[index], naiveSummaries(batches, keySet), `seed ${seed}, ${keySet.name}`);
  }
});

test('what is written by hand is, byte by byte, what avsc writes', () => {
  const windows = createWindowSet(new Map(), [byTuple, bySystem, byAll].map(makeKeySet));
  for (const [offset, each] of randomBatches(seededRandom(7)).entries())
    addBatch(windows, decodedBatchCodec.encode(each), offset, MINUTE, () => true);
  for (const window of openWindows(windows).filter(({ keySet }) => keySet))
    for (const { value } of messagesOf(window))
      assert.deepEqual(flowSummaryCodec.encode(flowSummaryCodec.decode(value)), value);
});

/** The only summary of these batches. */
function summaryOf(keySet: KeySetConfig, ...batches: DecodedBatch[]): FlowSummary {
  const [summaries = []] = aggregate(batches, [keySet]).summaries;
  assert.equal(summaries.length, 1);
  return summaries[0] as FlowSummary;
}

test('what is not in the key is zero or empty, and its samples come together', () => {
  const summary = summaryOf(
    set({ name: 'hosts', key: ['dstAddress', 'direction'], prefixV4: 16 }),
    batch([sample({ srcPort: 1, dscp: 46 }), sample({ srcPort: 2, vlanId: 7, source: 2 })], { baseTimeNs: T0_NS }),
  );
  assert.partialDeepStrictEqual(summary, { keySet: 'hosts', keyFields: 'direction,dstAddress/16/128', samples: 2 });
  assert.partialDeepStrictEqual(summary, { agent: '', ifIndex: 0, direction: 'ingress', srcPort: 0, dscp: 0 });
  assert.equal(summary.dstAddress.toString('hex'), '00000000000000000000ffffc6330000');
  assert.equal(summary.srcAddress.toString('hex'), '0'.repeat(32));
});

test('the Kafka key is that part of the record which names the key: the same in each window', () => {
  const windows = createWindowSet(new Map(), [makeKeySet(bySystem)]);
  const samples = [sample(), sample({ timeOffsetNs: 10e9, wireBytes: 9 }), sample({ srcAs: 1 })];
  const decoded = batch(samples, {
    baseTimeNs: T0_NS,
    autonomousSystems: [{ number: 4_200_000_000, organisation: '' }],
  });
  addBatch(windows, decodedBatchCodec.encode(decoded), 0, MINUTE, () => false);
  addBatch(windows, decodedBatchCodec.encode({ ...decoded, sourceOffset: 1 }), 1, MINUTE, (_, of) => of !== undefined);
  assert.equal(windows.windows.size, 0);
  const messages = openWindows(windows).flatMap((window) => messagesOf(window));
  const [first, ofSystem, later] = messages.map(({ key }) => key.toString('hex'));
  assert.deepEqual([messages.length, later === first, ofSystem === first], [3, true, false]);
  for (const { key, value } of messages) assert.ok(value.includes(key));
});

test('a message is in all sets or in none', () => {
  const windows = createWindowSet(new Map(), [makeKeySet(bySystem)]);
  const message = decodedBatchCodec.encode(batch([sample()], { baseTimeNs: T0_NS }));
  assert.throws(() => addBatch(windows, message.subarray(0, -1), 0, MINUTE, () => true));
  assert.deepEqual(openWindows(windows), []);
  const result = addBatch(windows, message, 0, MINUTE, () => true);
  assert.deepEqual(result, {
    duplicate: false,
    samples: 1,
    lateSamples: 0,
  });
  assert.equal(addBatch(windows, message, 1, MINUTE, () => true).duplicate, true);
  assert.deepEqual(
    openWindows(windows).map(({ flows }) => flows.count),
    [1, 1],
  );
});
