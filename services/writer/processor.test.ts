import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { KafkaMessage } from 'kafkajs';
import type { BlockFormat } from './block-formats.ts';
import { type WriterConfig, writerSection } from './config.ts';
import { createWriterMetrics } from './metrics.ts';
import { openProcessor } from './processor.ts';

const metrics = createWriterMetrics(createMetrics('writer'));

/** Messages are lines of text, each a row; "broken" is none. */
const lines: BlockFormat = {
  tables: [{ table: 'lines', format: 'JSONEachRow', join: (parts) => [...parts] }],
  read(message) {
    if (String(message).startsWith('broken')) throw new Error('broken');
    return [{ part: Buffer.from(`${message}\n`), rows: 1 }];
  },
};

const message = (offset: number, value = `row ${offset}`): KafkaMessage => ({
  key: null,
  value: Buffer.from(value),
  timestamp: '0',
  attributes: 0,
  offset: String(offset),
  headers: {},
});

/** Kafka and ClickHouse, which outlive the worker. A step that throws is where it is killed, or gets no answer. */
class World {
  log: string[] = [];
  /** Blocks by token: one that is known is dropped. */
  blocks = new Map<string, string>();
  committed = { offset: '10', metadata: '' };
  deadLettered: string[] = [];
  context: PartitionContext & { abandoned: boolean } = this.nextContext();
  step: (name: string) => void = () => undefined;

  private nextContext() {
    const context = {
      topic: 'topic',
      partition: 3,
      committed: this.committed,
      position: this.committed.offset,
      abandoned: false,
      stopping: new AbortController().signal,
      heartbeat: async () => undefined,
      commit: async (offset: string, metadata: string) => {
        if (context.abandoned) return false;
        this.step('commit');
        this.log.push(`commit ${offset} ${metadata}`);
        this.committed = { offset, metadata };
        this.step('committed');
        return true;
      },
    };
    return context;
  }

  private client = {
    exec: async (request: { query: string; values: Readable; clickhouse_settings: Record<string, unknown> }) => {
      let body = '';
      for await (const chunk of request.values) body += String(chunk);
      const token = String(request.clickhouse_settings.insert_deduplication_token);
      this.log.push(`insert ${token} ${JSON.stringify(body)}`);
      this.step('insert');
      assert.equal(this.blocks.get(token) ?? body, body, 'a token means one block');
      this.blocks.set(token, body);
      this.step('inserted');
      return { stream: Readable.from([]) };
    },
  } as unknown as ClickHouseClient;

  /** A worker that starts from what was committed. */
  open(config: Partial<WriterConfig> = {}): PartitionProcessor {
    this.context = this.nextContext();
    return openProcessor(this.context, {
      client: this.client,
      format: lines,
      config: { ...writerSection.parse({}), ...config },
      deadLetter: { send: async (_, { offset }) => void this.deadLettered.push(offset) },
      metrics,
      log: quietLog,
    });
  }
}

function fakeTime(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
}

test('a block’s range is committed, then it is inserted under a token made of it, then what follows is committed', async () => {
  const world = new World();
  await world.open({ blockRows: 3 }).process([10, 11, 12, 13].map((offset) => message(offset)));
  assert.deepEqual(world.log, [
    'commit 10 {"v":1,"last":12}',
    'insert topic-3-10-12 "row 10\\nrow 11\\nrow 12\\n"',
    'commit 13 ',
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
  await openProcessor(context, { client, format: lines, config, deadLetter, metrics, log: quietLog }).process([
    message(10),
  ]);
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
  assert.deepEqual(world.log, ['commit 10 {"v":1,"last":11}', insert, insert, insert, insert, 'commit 12 ']);
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
  assert.deepEqual(world.log.slice(1, 5), [
    'insert topic-3-10-13 "row 10\\nrow 11\\nrow 12\\nrow 13\\n"',
    'commit 14 ',
    'commit 14 {"v":1,"last":14}',
    'insert topic-3-14-14 "row 14\\n"',
  ]);
});

test('a range whose last message is gone ends before the first that lies behind it', async () => {
  const world = new World();
  world.committed = { offset: '10', metadata: '{"v":1,"last":13}' };
  await world.open().process([message(10), message(12), message(15)]);
  assert.deepEqual(world.log.slice(1), ['insert topic-3-10-12 "row 10\\nrow 12\\n"', 'commit 13 ']);
});

test('a message that cannot be read goes to the dead letter, and the block goes on over it', async () => {
  const world = new World();
  await world.open({ blockRows: 2 }).process([message(10), message(11, 'broken'), message(12)]);
  assert.deepEqual(world.deadLettered, ['11']);
  assert.deepEqual(world.log.slice(1), ['insert topic-3-10-12 "row 10\\nrow 12\\n"', 'commit 13 ']);
});

test('a range of messages that nobody can read is committed without an insert', async () => {
  const world = new World();
  const processor = world.open();
  await processor.process([message(10, 'broken'), message(11, 'broken')]);
  await processor.close?.();
  assert.deepEqual(world.log, ['commit 10 {"v":1,"last":11}', 'commit 12 ']);
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
  assert.deepEqual(world.committed, { offset: '10', metadata: '{"v":1,"last":10}' });
});

test('commit metadata of another version stops the partition: better than to insert twice', () => {
  const world = new World();
  world.committed = { offset: '10', metadata: '{"v":2,"last":13}' };
  assert.throws(() => world.open(), /version 2/);
});

/** Until all messages are committed; killed at random steps, and sometimes without an answer. */
async function runWithCrashes(t: TestContext, random: Random, messages: KafkaMessage[]): Promise<World> {
  const world = new World();
  let failures = random.below(25);
  world.step = (name) => {
    if (failures === 0 || !random.chance(20)) return;
    failures--;
    if (name.startsWith('insert') && random.chance(40)) {
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

test('simulation: killed at any step, ClickHouse has every row exactly once, and the dead letter every other message', async (t) => {
  for (let seed = 1; seed <= 500; seed++) {
    t.mock.timers.reset();
    fakeTime(t);
    const random = seededRandom(seed);
    const messages = Array.from({ length: 1 + random.below(40) }, (_, index) =>
      message(10 + index, random.chance(10) ? 'broken' : undefined),
    );
    const world = await runWithCrashes(t, random, messages);
    const readable = messages.filter(({ value }) => String(value) !== 'broken');
    const rows = [...world.blocks.values()].join('').split('\n').slice(0, -1);
    assert.deepEqual(
      rows,
      readable.map(({ value }) => String(value)),
      `seed ${seed}`,
    );
    const broken = messages.filter((entry) => !readable.includes(entry)).map(({ offset }) => offset);
    assert.deepEqual([...new Set(world.deadLettered)].sort(), broken, `seed ${seed}`);
    assert.deepEqual(world.committed, { offset: String(10 + messages.length), metadata: '' }, `seed ${seed}`);
  }
});
