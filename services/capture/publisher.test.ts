import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMetrics, type Metrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import type { Kafka, ProducerBatch } from 'kafkajs';
import { createPublisherMetrics } from './metrics.ts';
import { createPublisher, type Outgoing } from './publisher.ts';
import type { Spool, SpoolRecord } from './spool/spool.ts';

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

function publisherOf(kafka: FakeKafka, queueBytes = 1000, openSpool?: () => Spool) {
  const pressure: boolean[] = [];
  const metrics = createMetrics('capture');
  const publisher = createPublisher({
    kafka: kafka as unknown as Kafka,
    compression: 'zstd',
    waitForKafka: async () => undefined,
    openSpool,
    queueBytes,
    onPressure: (full) => pressure.push(full),
    metrics: createPublisherMetrics(metrics, { queueBytes, spoolBytes: 0 }),
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

const BETWEEN_REQUESTS_MS = 25;
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
  assert.deepEqual(sizes, [[1, 1], [1, 1], [1], [5], [3]]);
});

test('pressure is on above the bound and off at half of it, said once each time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
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
    await pass(t, BETWEEN_REQUESTS_MS);
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
  assert.equal(await counted(metrics, 'given_up_samples_total'), 0);
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
  assert.equal(await counted(metrics, 'given_up_samples_total'), 42);
  assert.equal(await counted(metrics, 'published_samples_total'), 0);
});

/** A spool in memory that says what it was asked. */
function fakeSpool() {
  const records: SpoolRecord[] = [];
  let peeked = 0;
  const spool: Spool = {
    append: (record) => void records.push({ ...record, storedAtMs: 0 }),
    peek: () => {
      peeked = records.length;
      return [...records];
    },
    acknowledge(count) {
      assert.ok(count <= peeked);
      records.splice(0, count);
    },
    get bytes() {
      return records.reduce((sum, { value }) => sum + value.length, 0);
    },
    get records() {
      return records.length;
    },
    get samples() {
      return records.reduce((sum, { samples }) => sum + samples, 0);
    },
    oldestMs: () => (records.length > 0 ? 0 : undefined),
    close: () => undefined,
  };
  return { spool, values: () => records.map(({ value }) => String(value)) };
}

test('while Kafka is away all goes to the spool; when it is back, live messages go first and the spool follows', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const kafka = new FakeKafka();
  const { spool, values } = fakeSpool();
  const { publisher, metrics } = publisherOf(kafka, 1000, () => spool);
  let away = true;
  kafka.answer = async () => {
    if (away) throw new Error('no broker');
  };
  await publisher.start();
  publisher.push(message('a'));
  await settle();
  assert.deepEqual(values(), ['a'], 'a kill would not lose it');
  publisher.push(message('b'));
  await pass(t, 500);
  assert.deepEqual([values(), kafka.values(), publisher.queuedBytes()], [['a', 'b'], [], 0]);
  away = false;
  await pass(t, 500);
  assert.deepEqual([kafka.values(), values()], [['a', 'b'], []]);
  publisher.push(message('c'));
  await pass(t, BETWEEN_REQUESTS_MS);
  assert.deepEqual(kafka.values(), ['a', 'b', 'c']);
  assert.deepEqual(
    [await counted(metrics, 'published_samples_total'), await counted(metrics, 'spooled_samples_total')],
    [3, 2],
  );
  await publisher.stop(ended());
});

test('what does not fit into the queue goes to the spool, and nothing is held back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const kafka = new FakeKafka();
  let take: () => void = () => undefined;
  kafka.answer = () => new Promise((resolve) => (take = resolve));
  const { spool, values } = fakeSpool();
  const { publisher, pressure } = publisherOf(kafka, 10, () => spool);
  await publisher.start();
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dd']) publisher.push(message(text));
  assert.deepEqual(values(), ['cccc']);
  assert.deepEqual(pressure, []);
  for (let round = 0; round < 4; round++) {
    await pass(t, BETWEEN_REQUESTS_MS);
    take();
  }
  await settle();
  assert.deepEqual(kafka.values(), ['aaaa', 'bbbb', 'dd', 'cccc']);
});

test('at the deadline what is left goes to the spool, for the next run', async () => {
  const kafka = new FakeKafka();
  kafka.answer = () => new Promise(() => undefined); // a broker that is frozen
  const { spool, values } = fakeSpool();
  const { publisher, metrics } = publisherOf(kafka, 1000, () => spool);
  await publisher.start();
  publisher.push(message('a'));
  await settle();
  publisher.push(message('b'));
  await publisher.stop(AbortSignal.abort());
  assert.deepEqual(values(), ['a', 'b']);
  assert.equal(await counted(metrics, 'given_up_samples_total'), 0);
  const next = publisherOf(new FakeKafka(), 1000, () => spool);
  await next.publisher.start();
  await settle();
  assert.deepEqual(values(), []);
  assert.equal(await counted(next.metrics, 'published_samples_total'), 2);
});

test('a message is released when Kafka has it, and never after a request that failed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const kafka = new FakeKafka();
  const { publisher } = publisherOf(kafka);
  const released: string[] = [];
  const releasing = (name: string) => message(name, { release: () => released.push(name) });
  let failures = 1;
  kafka.answer = async () => {
    if (failures-- > 0) throw new Error('no leader');
    assert.deepEqual(released, kafka.values().slice(1));
  };
  await publisher.start();
  publisher.push(releasing('in the failed request'));
  await pass(t, 1000);
  publisher.push(releasing('after it'));
  await pass(t, BETWEEN_REQUESTS_MS);
  await settle();
  assert.deepEqual([kafka.values(), released], [['in the failed request', 'after it'], ['after it']]);
  await publisher.stop(ended());
});
