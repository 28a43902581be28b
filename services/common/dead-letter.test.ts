import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchemaError } from '@tcxflow/schemas/avro.ts';
import type { KafkaMessage, ProducerBatch } from 'kafkajs';
import { pino } from 'pino';
import { createDeadLetter } from './dead-letter.ts';
import { createMetrics } from './metrics.ts';

const source = { topic: 'tcxflow.raw-samples.v1', partition: 3 };
const message: KafkaMessage = {
  key: Buffer.from('agent-1'),
  value: Buffer.from('c301ff', 'hex'),
  timestamp: '1785000000000',
  attributes: 0,
  offset: '9007199254740993',
  headers: { trace: 'abc', binary: Buffer.of(0xff) },
};

/** A dead letter over a producer that keeps what it is given. */
function setup(sendBatch?: () => Promise<void>) {
  const batches: ProducerBatch[] = [];
  const lines: { msg: string; [field: string]: unknown }[] = [];
  const metrics = createMetrics('decode');
  const producer = {
    name: 'fake',
    start: () => undefined,
    stop: () => undefined,
    sendBatch: sendBatch ?? (async (batch: ProducerBatch) => void batches.push(batch)),
  };
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const deadLetter = createDeadLetter(producer, 'decode', metrics, log);
  const counted = async (reason: string) => {
    const metric = await metrics.registry.getSingleMetric('tcxflow_decode_dead_lettered_total')?.get();
    return metric?.values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
  };
  return { deadLetter, batches, lines, counted };
}

test('a message goes on as it came, with the reason in headers beside its own', async () => {
  const { deadLetter, batches, counted } = setup();
  await deadLetter.send(source, message, new SchemaError('SCHEMA_BODY', 'body does not fit'));
  assert.deepEqual(batches, [
    {
      topicMessages: [
        {
          topic: 'tcxflow.dead-letter.v1',
          messages: [
            {
              key: message.key,
              value: message.value,
              headers: {
                trace: 'abc',
                binary: Buffer.of(0xff),
                'tcxflow-reason': 'SCHEMA_BODY',
                'tcxflow-error': 'body does not fit',
                'tcxflow-stage': 'decode',
                'tcxflow-source': 'tcxflow.raw-samples.v1/3/9007199254740993',
                'tcxflow-timestamp': '1785000000000',
              },
            },
          ],
        },
      ],
    },
  ]);
  assert.equal(await counted('SCHEMA_BODY'), 1);
});

test('a message without key, value and headers is kept like that', async () => {
  const { deadLetter, batches } = setup();
  const { headers: _headers, ...bare } = message;
  await deadLetter.send(source, { ...bare, key: null, value: null, size: 0 }, new RangeError('x'.repeat(900)));
  const sent = batches[0]?.topicMessages?.[0]?.messages[0];
  assert.deepEqual([sent?.key, sent?.value], [null, null]);
  assert.deepEqual(sent?.headers, {
    'tcxflow-reason': 'RangeError',
    'tcxflow-error': 'x'.repeat(500),
    'tcxflow-stage': 'decode',
    'tcxflow-source': 'tcxflow.raw-samples.v1/3/9007199254740993',
    'tcxflow-timestamp': '1785000000000',
  });
});

test('what Kafka does not take is not counted, and the caller is told', async () => {
  const { deadLetter, lines, counted } = setup(() => Promise.reject(new Error('no leader')));
  await assert.rejects(deadLetter.send(source, message, new RangeError('bad')), /no leader/);
  assert.equal(await counted('RangeError'), 0);
  assert.deepEqual(lines, []);
});

test('a storm gives one line and counts every message', async () => {
  const { deadLetter, batches, lines, counted } = setup();
  for (let time = 0; time < 50; time++) await deadLetter.send(source, message, new RangeError('bad'));
  assert.deepEqual([batches.length, await counted('RangeError')], [50, 50]);
  assert.deepEqual(
    lines.map(({ msg, topic, partition, offset, reason }) => [msg, topic, partition, offset, reason]),
    [['message sent to the dead-letter topic', source.topic, 3, message.offset, 'RangeError']],
  );
});
