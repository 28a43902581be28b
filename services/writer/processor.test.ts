import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { KafkaMessage } from 'kafkajs';
import { writerSection } from './config.ts';
import { openProcessor } from './processor.ts';
import { fakeTime, lines, message, metrics, World } from './testing/world.ts';

test('a block’s range is committed, then it is inserted under a token made of it, then what follows is committed', async () => {
  const world = new World();
  await world.open({ blockRows: 3 }).process([10, 11, 12, 13].map((offset) => message(offset)));
  assert.deepEqual(world.log, [
    'commit 10 before 12',
    'insert topic-3-10-12 "row 10\\nrow 11\\nrow 12\\n"',
    'record 10-12',
    'commit 13',
  ]);
});

test('the INSERT asks ClickHouse to drop a block that it or its views have', async () => {
  const settings: unknown[] = [];
  const exec = async (request: { query: string; clickhouse_settings: object }) => {
    settings.push(request.query, request.clickhouse_settings);
    return { stream: Readable.from([]) };
  };
  const { context } = new World();
  const config = writerSection.parse({ blockRows: 1 });
  const deadLetter = { send: async () => undefined };
  const client = { exec } as unknown as ClickHouseClient;
  const progress = { write: async () => undefined, countSince: async () => 0 };
  const own = { client, format: lines, config, recorded: undefined, progress, deadLetter, metrics, log: quietLog };
  await openProcessor(context, own).process([message(10)]);
  assert.equal(settings[0], 'INSERT INTO lines FORMAT JSONEachRow');
  assert.partialDeepStrictEqual(settings[1], {
    insert_deduplicate: 1,
    insert_deduplication_token: 'topic-3-10-10',
    deduplicate_blocks_in_dependent_materialized_views: 1,
    async_insert: 0,
  });
});

test('an insert that fails is tried again with the identical block and token until ClickHouse has it', async (t) => {
  fakeTime(t);
  const world = new World();
  let failures = 3;
  world.step = (name) => {
    if (name !== 'insert' || failures-- <= 0) return;
    setImmediate(() => t.mock.timers.tick(5000)); // the next try
    throw new Error('no answer');
  };
  await world.open({ blockRows: 2 }).process([message(10), message(11)]);
  const insert = 'insert topic-3-10-11 "row 10\\nrow 11\\n"';
  assert.deepEqual(world.log, ['commit 10 before 11', insert, insert, insert, insert, 'record 10-11', 'commit 12']);
});

test('a worker that was killed leaves its range: the next inserts exactly that, whatever its own bounds are', async (t) => {
  fakeTime(t);
  const world = new World();
  world.committed = { offset: '10', metadata: '{"v":1,"last":13}' };
  const next = world.open({ blockRows: 1, flushIntervalMs: 10 });
  await next.process([message(10), message(11), message(12)]);
  t.mock.timers.tick(60_000);
  await next.tick?.();
  await next.close?.();
  assert.deepEqual(world.log, []);
  await next.process([message(13), message(14)]);
  assert.deepEqual(world.log.slice(1, 6), [
    'insert topic-3-10-13 "row 10\\nrow 11\\nrow 12\\nrow 13\\n"',
    'record 10-13',
    'commit 14',
    'commit 14 before 14',
    'insert topic-3-14-14 "row 14\\n"',
  ]);
});

test('a range whose last message is gone ends before the first that lies behind it', async () => {
  const world = new World();
  world.committed = { offset: '10', metadata: '{"v":1,"last":13}' };
  await world.open().process([message(10), message(12), message(15)]);
  const insert = 'insert topic-3-10-13 "row 10\\nrow 12\\n"'; // the token of the range as it was begun
  assert.deepEqual(world.log.slice(1), [insert, 'record 10-12', 'commit 13']);
});

test('a message that cannot be read goes to the dead letter, and the block goes on over it', async () => {
  const world = new World();
  await world.open({ blockRows: 2 }).process([message(10), message(11, 'broken'), message(12)]);
  assert.deepEqual(world.deadLettered, ['11']);
  assert.deepEqual(world.log.slice(1), ['insert topic-3-10-12 "row 10\\nrow 12\\n"', 'record 10-12', 'commit 13']);
});

test('a range of messages that nobody can read is committed without an insert', async () => {
  const world = new World();
  const processor = world.open();
  await processor.process([message(10, 'broken'), message(11, 'broken')]);
  await processor.close?.();
  assert.deepEqual(world.log, ['commit 10 before 11', 'record 10-11', 'commit 12']);
});

test('a block is inserted when its bytes are enough, when its first message has waited, and at the end', async (t) => {
  fakeTime(t);
  const world = new World();
  const processor = world.open({ blockBytes: 20, flushIntervalMs: 500 });
  await processor.process([10, 11, 12].map((offset) => message(offset))); // 7 bytes each
  t.mock.timers.tick(400);
  await processor.process([message(13)]);
  t.mock.timers.tick(499);
  await processor.process([message(14)]);
  await processor.tick?.();
  assert.equal(world.blocks.size, 1);
  t.mock.timers.tick(1);
  await processor.tick?.();
  await processor.tick?.(); // nothing waits
  await processor.process([message(15)]);
  await processor.close?.();
  assert.deepEqual([...world.blocks.keys()], ['topic-3-10-12', 'topic-3-13-14', 'topic-3-15-15']);
  assert.deepEqual(world.committed, { offset: '16', metadata: '' });
});

test('a partition that went to another worker is neither inserted nor committed any more', async () => {
  const world = new World();
  const processor = world.open({ blockRows: 2 });
  await processor.process([message(10)]);
  world.context.abandoned = true;
  await assert.rejects(processor.process([message(11)]), /reassigned/);
  assert.deepEqual(world.log, []);
});

test('a partition that goes away during an insert leaves the range for its next worker', async () => {
  const world = new World();
  const processor = world.open({ blockRows: 1 });
  world.step = (name) => {
    if (name === 'inserted') world.context.abandoned = true;
  };
  await processor.process([message(10)]);
  assert.equal(world.committed.offset, '10');
  assert.partialDeepStrictEqual(JSON.parse(world.committed.metadata), { v: 2, last: 10 });
});

test('commit metadata of another version stops the partition: better than to insert twice', () => {
  const world = new World();
  world.committed = { offset: '10', metadata: '{"v":3,"last":13}' };
  assert.throws(() => world.open(), /version 3/);
});

const four = [10, 11, 12, 13].map((offset) => message(offset));
const all = four.map(({ value }) => String(value));

/** Where a worker can be killed while it writes a block, in this order. */
const places = [
  ...['commit', 'committed', 'insert', 'insert of the rollup', 'inserted', 'record', 'recorded'],
  ...['commit of the next', 'committed the next'],
];

for (const [index, place] of places.entries())
  test(`killed at “${place}”, a block is in the table and in its rollup once, also days later`, async () => {
    for (const days of [false, true]) {
      const world = new World();
      const killed = world.open({ blockRows: 4 });
      let seen = 0;
      world.step = (name) => {
        if (name === place.replace(/ (of )?the next$/, '') && seen++ === (place.endsWith('the next') ? 1 : 0)) {
          world.context.abandoned = true;
          throw new Error('killed');
        }
      };
      await assert.rejects(killed.process(four), /killed/);
      world.step = () => undefined;
      if (days) world.forgetTokens();
      const next = world.open({ blockRows: 4 });
      const from = Number(world.committed.offset) - 10;
      if (from < 4) await next.process(four.slice(from));
      await next.close?.();
      assert.deepEqual(world.rows(), all);
      // What no token and no row says can't be told: whether the rollups have what the table has.
      const cutOff = days && place === 'insert of the rollup';
      assert.deepEqual(world.rows('rollup'), cutOff ? [] : all);
      assert.deepEqual(world.committed, { offset: '14', metadata: '' });
      const inserts = world.log.filter((line) => line.startsWith('insert')).length;
      if (index >= places.indexOf('recorded')) assert.equal(inserts, 1, 'what is recorded is not even tried');
    }
  });

test('a group that lost its offsets reads everything again and inserts only what is new', async () => {
  const world = new World();
  await world.open({ blockRows: 2 }).process(four);
  world.forgetTokens();
  world.committed = { offset: '10', metadata: '' };
  world.log = [];
  const counted = await skippedTotal();
  await world.open({ blockRows: 3 }).process([...four, message(14), message(15), message(16)]);
  assert.deepEqual(world.log, [
    'commit 10 before 13',
    'commit 14',
    'commit 14 before 16',
    'insert topic-3-14-16 "row 14\\nrow 15\\nrow 16\\n"',
    'record 14-16',
    'commit 17',
  ]);
  assert.equal((await skippedTotal()) - counted, 4);
});

async function skippedTotal(): Promise<number> {
  const { values } = await metrics.skipped.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

test('a topic that was made anew begins at offset 0 again: it is inserted, by its later times', async () => {
  const world = new World();
  await world.open({ blockRows: 4 }).process(four);
  world.forgetTokens();
  world.committed = { offset: '10', metadata: '' };
  const anew = [10, 11].map((offset) => ({ ...message(offset, `row ${offset} anew`), timestamp: '5' }));
  await world.open({ blockRows: 2 }).process(anew);
  assert.deepEqual(world.recorded.at(-1), { firstOffset: 10, lastOffset: 11, newestMs: 5, rows: 2 });
  assert.equal(world.rows().length, 6);
});

test('a range of long ago is asked for only when so many blocks came since that its token may be forgotten', async () => {
  for (const blocksSince of [100, 10_000]) {
    const world = new World();
    world.committed = { offset: '10', metadata: '{"v":2,"last":13,"since":1000}' };
    world.blocks.set('topic-3-10-13', all.map((row) => `${row}\n`).join(''));
    world.blocksSince = blocksSince;
    await world.open().process(four);
    const inserts = world.log.filter((line) => line.startsWith('insert'));
    assert.equal(inserts.length, blocksSince === 100 ? 1 : 0);
    assert.equal(world.rows('rollup').length, blocksSince === 100 ? 4 : 0, 'the repetition heals');
    assert.deepEqual(world.rows(), all);
  }
});

test('a message that ClickHouse refuses is dead-lettered with its reason; its neighbours are inserted', async () => {
  const world = new World();
  const messages = [10, 11, 12, 13, 14].map((offset) => message(offset, offset === 12 ? 'poison 12' : undefined));
  await world.open({ blockRows: 5 }).process(messages);
  assert.deepEqual(world.deadLettered, ['12']);
  assert.deepEqual(world.rows(), ['row 10', 'row 11', 'row 13', 'row 14']);
  assert.deepEqual(
    [...world.blocks.keys()],
    ['topic-3-10-14/10-11', 'topic-3-10-14/13-14'],
    'halves of halves, each under a token of its own',
  );
  assert.partialDeepStrictEqual(world.recorded, [{ firstOffset: 10, lastOffset: 14, rows: 4 }]);
  assert.deepEqual(world.committed, { offset: '15', metadata: '' });
});

test('when more than a hundred messages of a block are refused, the schema is wrong: the rest waits', async (t) => {
  fakeTime(t);
  const world = new World();
  const messages = Array.from({ length: 300 }, (_, index) => message(10 + index, `poison ${10 + index}`));
  let refusals = 0;
  world.step = (name) => {
    if (name !== 'insert' || ++refusals < 800) return;
    world.context.abandoned = true;
  };
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const waits = setInterval(() => t.mock.timers.tick(5000), 1);
  await assert.rejects(world.open({ blockRows: 300 }).process(messages), /given up/);
  clearInterval(waits);
  assert.equal(world.deadLettered.length, 100);
  assert.equal(world.committed.offset, '10');
});

/** Until all messages are committed; killed at random steps, and sometimes without an answer. */
async function runWithCrashes(t: TestContext, random: Random, messages: KafkaMessage[], world = new World()) {
  let failures = random.below(25);
  world.step = (name) => {
    if (failures === 0 || !random.chance(20)) return;
    failures--;
    if ((name.startsWith('insert') || name.startsWith('record')) && random.chance(40)) {
      setImmediate(() => t.mock.timers.tick(5000));
      throw new Error('no answer');
    }
    world.context.abandoned = true;
    throw new Error('killed');
  };
  while (Number(world.committed.offset) < 10 + messages.length) {
    try {
      const processor = world.open({ blockRows: 1 + random.below(6), flushIntervalMs: 1000 });
      let unread = messages.slice(Number(world.committed.offset) - 10);
      while (unread.length > 0) {
        const chunk = unread.slice(0, 1 + random.below(8));
        unread = unread.slice(chunk.length);
        await processor.process(chunk);
        t.mock.timers.tick(random.below(700));
        await processor.tick?.();
      }
      t.mock.timers.tick(1000);
      await (random.chance(50) ? processor.tick?.() : processor.close?.());
    } catch (error) {
      assert.match((error as Error).message, /^(killed|no answer)$/); // when it closes it does not try again
      await new Promise(setImmediate);
    }
  }
  return world;
}

test('simulation: killed at any step, table and rollup have every row once, and the dead letter every other message', async (t) => {
  for (let seed = 1; seed <= 500; seed++) {
    t.mock.timers.reset();
    fakeTime(t);
    const random = seededRandom(seed);
    const messages = Array.from({ length: 1 + random.below(40) }, (_, index) => {
      const kind = random.below(100);
      return message(10 + index, kind < 10 ? 'broken' : kind < 15 ? `poison ${10 + index}` : undefined);
    });
    const world = await runWithCrashes(t, random, messages);
    if (random.chance(30)) {
      // The group's offsets are lost, days later.
      world.forgetTokens();
      world.committed = { offset: '10', metadata: '' };
      await runWithCrashes(t, random, messages, world);
    }
    const readable = messages.filter(({ value }) => String(value).startsWith('row'));
    for (const place of ['table', 'rollup'] as const)
      assert.deepEqual(
        world.rows(place),
        readable.map(({ value }) => String(value)),
        `seed ${seed}`,
      );
    const others = messages.filter((entry) => !readable.includes(entry)).map(({ offset }) => offset);
    assert.deepEqual([...new Set(world.deadLettered)].sort(), others, `seed ${seed}`);
    assert.deepEqual(world.committed, { offset: String(10 + messages.length), metadata: '' }, `seed ${seed}`);
  }
});
