import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { createSeenBatches } from './seen-batches.ts';

const bootId = Buffer.alloc(16, 1);

test('a batch is repeated when the same number of the same start of the same agent came before', () => {
  const seen = createSeenBatches();
  const ask = (agent: string, boot: number, batchSequence: number) =>
    seen.isRepeated({ agent, bootId: Buffer.alloc(16, boot), batchSequence });
  assert.equal(ask('a', 1, 7), false);
  assert.equal(ask('a', 1, 7), true);
  assert.equal(ask('a', 1, 8), false);
  assert.equal(ask('b', 1, 7), false);
  assert.equal(ask('a', 2, 7), false);
});

test('in whatever order they come, each number is new once: as a plain set has it', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const seen = createSeenBatches();
    const set = new Set<number>();
    for (let count = 0; count < 300; count++) {
      // Mostly forward, as live batches come; now and then an old one, as the spool gives them.
      const batchSequence = random.chance(4) ? 1 + random.below(200) : count;
      assert.equal(seen.isRepeated({ agent: 'a', bootId, batchSequence }), set.has(batchSequence), `seed ${seed}`);
      set.add(batchSequence);
    }
  }
});

test('memory is bounded: of very many gaps the oldest are forgotten, of very many agents the most silent', () => {
  const seen = createSeenBatches();
  for (let batchSequence = 0; batchSequence < 4000; batchSequence += 2)
    seen.isRepeated({ agent: 'a', bootId, batchSequence });
  assert.equal(seen.isRepeated({ agent: 'a', bootId, batchSequence: 3998 }), true);
  assert.equal(seen.isRepeated({ agent: 'a', bootId, batchSequence: 0 }), false);
  for (let agent = 0; agent < 20_001; agent++) seen.isRepeated({ agent: `host-${agent}`, bootId, batchSequence: 1 });
  assert.equal(seen.isRepeated({ agent: 'host-20000', bootId, batchSequence: 1 }), true);
  assert.equal(seen.isRepeated({ agent: 'a', bootId, batchSequence: 3998 }), false);
});

test('who reads on from a commit knows what was seen before it, gaps and all', () => {
  const before = createSeenBatches();
  const ask = (seen: typeof before, agent: string, batchSequence: number) =>
    seen.isRepeated({ agent, bootId, batchSequence });
  for (const batchSequence of [1, 2, 3, 7, 8, 20]) ask(before, 'a', batchSequence);
  ask(before, 'b', 5);
  const after = createSeenBatches(before.encode());
  for (const batchSequence of [1, 3, 8, 20]) assert.equal(ask(after, 'a', batchSequence), true);
  assert.equal(ask(after, 'b', 5), true);
  for (const batchSequence of [4, 9, 19, 21]) assert.equal(ask(after, 'a', batchSequence), false);
  assert.equal(ask(after, 'b', 4), false);
  assert.equal(ask(createSeenBatches(''), 'a', 20), false);
  assert.throws(() => createSeenBatches('{"v":2}'), /version 2/);
});

test('commit metadata fits what Kafka takes: the agents heard last are in it, of each the newest numbers', () => {
  const seen = createSeenBatches();
  for (let agent = 0; agent < 1000; agent++)
    for (let batchSequence = 1_000_000; batchSequence < 1_000_100; batchSequence += 2)
      seen.isRepeated({ agent: `host-${agent}`, bootId, batchSequence });
  for (let agent = 0; agent < 1000; agent++)
    seen.isRepeated({ agent: `plain-${agent}`, bootId, batchSequence: 123_456 });
  assert.ok(Buffer.byteLength(seen.encode()) < 4096);
  const after = createSeenBatches(seen.encode());
  for (let agent = 900; agent < 1000; agent++)
    assert.equal(after.isRepeated({ agent: `plain-${agent}`, bootId, batchSequence: 123_456 }), true);
});
