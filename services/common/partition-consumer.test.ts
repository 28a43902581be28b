// What kafkajs does that is easily taken for something else, played by a consumer that does nothing by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { createMetrics } from './metrics.ts';
import { createPartitionConsumer, type PartitionContext } from './partition-consumer.ts';
import { quietLog } from './testing/quiet.ts';

interface Played {
  kafka: Kafka;
  seeks: string[];
  /** Hands a batch to the consumer, as kafkajs does. */
  give(offsets: number[], heartbeat?: () => Promise<void>): Promise<void>;
  /** As when the consumer has ended: kafkajs resolves commits and sends nothing. */
  commitsAreLost: boolean;
}

function play(committed: string): Played {
  let eachBatch: (payload: EachBatchPayload) => Promise<void> = async () => undefined;
  const listeners = new Map<string, (event: unknown) => void>();
  const played: Played = {
    seeks: [],
    commitsAreLost: false,
    async give(offsets, heartbeat = async () => undefined) {
      const messages = offsets.map((offset) => ({ offset: String(offset) }) as KafkaMessage);
      const batch = { topic: 't', partition: 0, messages, offsetLag: () => '0' };
      await eachBatch({ batch, heartbeat, isStale: () => false } as unknown as EachBatchPayload);
    },
    kafka: {
      admin: () => ({
        connect: async () => undefined,
        disconnect: async () => undefined,
        fetchOffsets: async () => [{ topic: 't', partitions: [{ partition: 0, offset: committed, metadata: '' }] }],
      }),
      consumer: () => ({
        events: { GROUP_JOIN: 'join', CRASH: 'crash', COMMIT_OFFSETS: 'commit' },
        on: (name: string, listener: (event: unknown) => void) => listeners.set(name, listener),
        connect: async () => undefined,
        subscribe: async () => undefined,
        disconnect: async () => undefined,
        run: async (options: { eachBatch: typeof eachBatch }) => {
          eachBatch = options.eachBatch;
        },
        seek: ({ offset }: { offset: string }) => played.seeks.push(offset),
        async commitOffsets(entries: { topic: string; partition: number; offset: string }[]) {
          if (played.commitsAreLost) return;
          const topics = entries.map(({ topic, ...rest }) => ({ topic, partitions: [rest] }));
          listeners.get('commit')?.({ payload: { topics } });
        },
      }),
    } as unknown as Kafka,
  };
  return played;
}

async function start(played: Played, onMessages: (context: PartitionContext, offsets: number[]) => Promise<void>) {
  const consumer = createPartitionConsumer({
    kafka: played.kafka,
    ...{ groupId: 'g', topics: ['t'], sessionTimeoutMs: 6000, log: quietLog, metrics: createMetrics('test') },
    open: async (context) => ({
      process: (messages) =>
        onMessages(
          context,
          messages.map(({ offset }) => Number(offset)),
        ),
    }),
    fail: (error) => assert.fail(error as Error),
  });
  await consumer.start();
  return () => consumer.stop(AbortSignal.timeout(1000));
}

test('a batch that is given again, as after a failed heartbeat, is processed once; what is new of it, too', async () => {
  const played = play('5');
  const got: number[][] = [];
  const stop = await start(played, async (_context, offsets) => void got.push(offsets));
  await played.give([5, 6]); // opens the partition: reading begins with the seek
  assert.deepEqual([got, played.seeks], [[], ['5']]);
  await assert.rejects(
    played.give([5, 6, 8], () => Promise.reject(new Error('no broker'))),
    /no broker/,
  );
  await played.give([5, 6, 8]);
  await played.give([6, 8, 9]);
  assert.deepEqual(got, [[5, 6, 8], [9]]);
  await stop();
});

test('a commit that was resolved and not sent is none', async () => {
  const played = play('5');
  const answers: boolean[] = [];
  const stop = await start(played, async (context) => void answers.push(await context.commit('7', '')));
  await played.give([5]);
  await played.give([5]);
  played.commitsAreLost = true;
  await played.give([6]);
  assert.deepEqual(answers, [true, false]);
  await stop();
});

test('a partition whose processing failed is sought at once, before it is open again', async () => {
  const played = play('5');
  let fails = true;
  const got: number[][] = [];
  const stop = await start(played, async (_context, offsets) => {
    if (fails) throw new Error('disk full');
    got.push(offsets);
  });
  await played.give([5]);
  await assert.rejects(played.give([5, 6]), /disk full/);
  fails = false;
  await played.give([5, 6]); // opens it again
  await played.give([5, 6]);
  assert.deepEqual(played.seeks, ['5', '5', '5']);
  assert.deepEqual(got, [[5, 6]]);
  await stop();
});
