import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { createReceiverMetrics } from './metrics.ts';
import { createPublisher } from './publisher.ts';

const message = (text: string) => ({ topic: 'topic', key: 'key', value: Buffer.from(text), samples: 1 });

function publisher(send: (values: string[]) => Promise<void>, queueBytes = 1000) {
  const metrics = createReceiverMetrics(createMetrics('receiver'));
  const producer = {
    ...{ name: 'producer', start: () => undefined, stop: () => undefined },
    sendBatch: ({ topicMessages = [] }: { topicMessages?: { messages: { value: unknown }[] }[] }) =>
      send(topicMessages.flatMap(({ messages }) => messages.map(({ value }) => String(value)))),
  };
  const made = createPublisher({ producer, compression: 'none', queueBytes, metrics, log: quietLog });
  return {
    made,
    lost: async () => (await metrics.lostSamples.get()).values.map(({ labels, value }) => [labels.cause, value]),
  };
}

test('what comes while a request is under way goes with the next, and nothing is lost or sent twice', async () => {
  const sent: string[] = [];
  const { made } = publisher(async (values) => {
    await sleep(5);
    sent.push(...values);
  });
  for (let i = 0; i < 20; i++) {
    made.push(message(`m${i}`));
    await sleep(1);
  }
  await made.stop(new AbortController().signal);
  assert.deepEqual(
    sent,
    Array.from({ length: 20 }, (_, i) => `m${i}`),
  );
});

test('a full queue is a loss that is counted, and so is what the deadline left behind', async () => {
  const { made, lost } = publisher(() => Promise.reject(new Error('away')), 10);
  for (const text of ['12345', '67890', 'more']) made.push(message(text));
  await made.stop(AbortSignal.abort());
  assert.deepEqual(await lost(), [
    ['queue_full', 1],
    ['stopped', 2],
  ]);
});
