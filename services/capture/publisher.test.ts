import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { commonSections } from '@tcxflow/common/config.ts';
import { createMetrics, type Metrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import type { Kafka, ProducerBatch } from 'kafkajs';
import { createPublisher, type Outgoing } from './publisher.ts';

/** Takes what it is sent when `answer` lets it. */
class FakeKafka {
  requests: ProducerBatch[] = [];
  answer: () => Promise<void> = async () => undefined;
  producer() {
    const sendBatch = async (request: ProducerBatch) => {
      await this.answer();
      this.requests.push(request);
    };
    return { connect: async () => undefined, disconnect: async () => undefined, sendBatch };
  }

  values(topic = 'samples'): string[] {
    const parts = this.requests.flatMap(({ topicMessages }) => topicMessages ?? []);
    return parts
      .filter((part) => part.topic === topic)
      .flatMap((part) => part.messages.map(({ value }) => String(value)));
  }
}

function publisherOf(kafka: FakeKafka, queueBytes = 1000) {
  const pressure: boolean[] = [];
  const metrics = createMetrics('capture');
  const publisher = createPublisher({
    kafka: kafka as unknown as Kafka,
    kafkaConfig: commonSections.kafka.parse(undefined),
    queueBytes,
    onPressure: (full) => pressure.push(full),
    metrics,
    log: quietLog,
  });
  return { publisher, pressure, metrics };
}

function message(value: string | Buffer, fields: Partial<Outgoing> = {}): Outgoing {
  return { topic: 'samples', key: 'host-1', value: Buffer.from(value), samples: 1, ...fields };
}

async function counted(metrics: Metrics, name: string): Promise<number> {
  const values = (await metrics.registry.getSingleMetric(`tcxflow_capture_${name}`)?.get())?.values ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

/** Everything that needs no time happens. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Times of waiting pass at once. */
async function pass(t: TestContext, ms: number): Promise<void> {
  await settle();
  t.mock.timers.tick(ms);
  await settle();
}

const ended = () => new AbortController().signal;

test('messages reach their topics with key and value, in the order they were given', async () => {
  const kafka = new FakeKafka();
  const { publisher, metrics } = publisherOf(kafka);
  publisher.push(message('before the start'));
  await publisher.start();
  publisher.push(message('a', { samples: 3 }));
  publisher.push(message('c1', { topic: 'counters', key: 'other', samples: 0 }));
  publisher.push(message('b', { samples: 2 }));
  await settle();
  publisher.push(message('d'));
  await publisher.stop(ended());
  assert.deepEqual(kafka.values(), ['before the start', 'a', 'b', 'd']);
  assert.deepEqual(kafka.values('counters'), ['c1']);
  const counters = kafka.requests
    .flatMap(({ topicMessages }) => topicMessages ?? [])
    .find(({ topic }) => topic === 'counters');
  assert.deepEqual(counters?.messages, [{ key: 'other', value: Buffer.from('c1') }]);
  assert.deepEqual([publisher.queuedBytes(), await counted(metrics, 'published_samples_total')], [0, 7]);
  assert.equal(await counted(metrics, 'published_messages_total'), 5);
});

test('what Kafka refuses is sent again until it is taken, before anything newer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const kafka = new FakeKafka();
  const { publisher, metrics } = publisherOf(kafka);
  let failures = 3;
  kafka.answer = async () => {
    if (failures-- > 0) throw new Error('no leader');
  };
  await publisher.start();
  publisher.push(message('a'));
  await settle();
  publisher.push(message('b'));
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(kafka.values(), []);
    assert.equal(await counted(metrics, 'published_samples_total'), 0);
    await pass(t, 1000);
  }
  assert.deepEqual(kafka.values(), ['a', 'b']);
  assert.equal(await counted(metrics, 'publish_failures_total'), 3);
  await publisher.stop(ended());
});

test('requests are bounded, but a message larger than the bound goes alone', async () => {
  const kafka = new FakeKafka();
  const { publisher } = publisherOf(kafka, 100 << 20);
  const mebibytes = [1, 1, 1, 1, 1, 5, 3];
  for (const size of mebibytes) publisher.push(message(Buffer.alloc(size << 20)));
  await publisher.start();
  await publisher.stop(ended());
  const sizes = kafka.requests.map(({ topicMessages }) =>
    topicMessages?.[0]?.messages.map(({ value }) => (value?.length ?? 0) >> 20),
  );
  assert.deepEqual(sizes, [[1, 1, 1, 1], [1], [5], [3]]);
});

test('pressure is on above the bound and off at half of it, said once each time', async () => {
  const kafka = new FakeKafka();
  let take: () => void = () => undefined;
  kafka.answer = () => new Promise((resolve) => (take = resolve));
  const mebibytes = 1 << 20;
  const { publisher, pressure, metrics } = publisherOf(kafka, 9 * mebibytes);
  await publisher.start();
  const large = () => publisher.push(message(Buffer.alloc(3 * mebibytes))); // each a request of its own
  large();
  large();
  large();
  assert.deepEqual(pressure, [], 'the bound itself still fits');
  large();
  large();
  assert.deepEqual(pressure, [true]);
  const seen: [number, boolean[]][] = [];
  for (let round = 0; round < 4; round++) {
    await settle();
    take();
    await settle();
    seen.push([publisher.queuedBytes() / mebibytes, [...pressure]]);
  }
  assert.deepEqual(seen, [
    [12, [true]],
    [9, [true]],
    [6, [true]],
    [3, [true, false]],
  ]);
  assert.equal(await counted(metrics, 'queue_bytes'), 3 * mebibytes);
  take();
  await settle();
});

test('while the queue is full, cumulative messages are dropped and counted; samples are still taken', async () => {
  const kafka = new FakeKafka();
  const { publisher, metrics } = publisherOf(kafka, 10);
  publisher.offer(message('early', { topic: 'counters' }));
  publisher.push(message('too much'));
  publisher.offer(message('late', { topic: 'counters' }));
  publisher.push(message('sample'));
  await publisher.start();
  await settle();
  publisher.offer(message('again', { topic: 'counters' }));
  await publisher.stop(ended());
  assert.deepEqual(kafka.values(), ['too much', 'sample']);
  assert.deepEqual(kafka.values('counters'), ['early', 'again']);
  assert.equal(await counted(metrics, 'dropped_messages_total'), 1);
});

test('stop waits until Kafka has all that was given', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const kafka = new FakeKafka();
  const { publisher, metrics } = publisherOf(kafka);
  let failures = 2;
  kafka.answer = async () => {
    if (failures-- > 0) throw new Error('no leader');
  };
  await publisher.start();
  publisher.push(message('a'));
  publisher.push(message('b'));
  let stopped = false;
  const stopping = Promise.resolve(publisher.stop(ended())).then(() => {
    stopped = true;
  });
  await pass(t, 1000);
  assert.equal(stopped, false);
  await pass(t, 1000);
  await stopping;
  assert.deepEqual(kafka.values(), ['a', 'b']);
  assert.equal(await counted(metrics, 'unpublished_samples_total'), 0);
});

test('stop gives up at the deadline, and counts the samples that are lost', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const kafka = new FakeKafka();
  const { publisher, metrics } = publisherOf(kafka);
  kafka.answer = () => Promise.reject(new Error('no broker'));
  await publisher.start();
  publisher.push(message('a', { samples: 40 }));
  publisher.push(message('b', { samples: 2 }));
  const deadline = new AbortController();
  const stopping = publisher.stop(deadline.signal);
  await pass(t, 10_000);
  deadline.abort();
  await stopping;
  assert.deepEqual(kafka.requests, []);
  assert.equal(await counted(metrics, 'unpublished_samples_total'), 42);
  assert.equal(await counted(metrics, 'published_samples_total'), 0);
});
