import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { joined } from './joined.ts';
import { seededRandom } from './testing/random.ts';

const one = { weightOf: () => 1, maxWeight: Infinity };

test('what is asked for while one is under way goes with the next', async () => {
  const runs: string[][] = [];
  const ask = joined<string>(async (items) => {
    runs.push(items);
    await sleep(5);
  }, one);
  const first = ask('a');
  await sleep(1);
  await Promise.all([first, ask('b'), ask('c')]);
  await ask('d');
  assert.deepEqual(runs, [['a'], ['b', 'c'], ['d']]);
});

test('an error is that of all who were in the run, and of nobody else', async () => {
  const ask = joined<string>(async (items) => {
    await sleep(1);
    if (items.includes('bad')) throw new Error('no');
  }, one);
  const first = ask('good');
  await sleep(0);
  const settled = await Promise.allSettled([first, ask('bad'), ask('with it')]);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  await ask('after it');
});

test('runs never overlap, keep the order, and none is heavier than it may be', async () => {
  const random = seededRandom(3);
  const seen: number[] = [];
  let running = 0;
  const ask = joined<{ id: number; weight: number }>(
    async (items) => {
      assert.equal(++running, 1);
      const weight = items.reduce((sum, item) => sum + item.weight, 0);
      assert.ok(weight <= 10 || items.length === 1, `${weight}`);
      await sleep(random.below(3));
      seen.push(...items.map(({ id }) => id));
      running--;
    },
    { weightOf: ({ weight }) => weight, maxWeight: 10 },
  );
  const all: Promise<void>[] = [];
  for (let id = 0; id < 300; id++) {
    all.push(ask({ id, weight: 1 + random.below(12) }));
    if (random.chance(20)) await sleep(1);
  }
  await Promise.all(all);
  assert.deepEqual(
    seen,
    Array.from({ length: 300 }, (_, id) => id),
  );
});
