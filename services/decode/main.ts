// decode: tcxflow.raw-samples.v1 → tcxflow.decoded-samples.v1, partition by flow hash.

import { createDeadLetter } from '@tcxflow/common/dead-letter.ts';
import { compressionTypes, createKafka, createKafkaGate, partitionCount } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { createPartitionConsumer, type PartitionContext } from '@tcxflow/common/partition-consumer.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { decodedBatchCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage } from 'kafkajs';
import { type DecodeServiceConfig, decodeSchema } from './config.ts';
import { type DecodeTally, decodeBatch } from './decode-batch.ts';

const stopNames = ['complete', 'truncated', 'malformed', 'unsupported'] as const;

function build({ config, log, metrics, fail }: ServiceContext<DecodeServiceConfig>): Component[] {
  const kafka = createKafka(config.kafka, 'decode', log);
  const producer = createRenewingProducer(kafka);
  const deadLetter = createDeadLetter(producer, 'decode', metrics, log);
  const samplesTotal = metrics.counter('samples_total', 'Samples decoded, by how decoding ended', ['stop']);
  const batchesTotal = metrics.counter('batches_total', 'Raw batches decoded');
  let partitions = 0;

  /** Decodes the messages, has Kafka acknowledge what came of them, then commits: a crash in between decodes again. */
  async function decodeMessages(context: PartitionContext, messages: KafkaMessage[]): Promise<void> {
    const last = messages.at(-1);
    if (!last) return;
    const tally: DecodeTally = { samples: 0, stops: [0, 0, 0, 0] };
    const outputs: { partition: number; key: string; value: Buffer }[] = [];
    for (const message of messages) {
      try {
        const batch = sampleBatchCodec.decode(message.value);
        const position = { partition: context.partition, offset: Number(message.offset) };
        for (const [partition, decoded] of decodeBatch(batch, position, partitions, tally))
          outputs.push({ partition, key: batch.agent, value: decodedBatchCodec.encode(decoded) });
      } catch (error) {
        await deadLetter.send(context, message, error as Error);
      }
    }
    if (outputs.length > 0)
      await producer.sendBatch({
        compression: compressionTypes[config.kafka.compression],
        topicMessages: [{ topic: topicNames.decodedSamples, messages: outputs }],
      });
    if (!(await context.commit(String(Number(last.offset) + 1), ''))) return;
    batchesTotal.inc(messages.length);
    for (const [index, stop] of stopNames.entries()) samplesTotal.inc({ stop }, tally.stops[index]);
  }

  const consumer = createPartitionConsumer({
    kafka,
    groupId: config.decode.groupId,
    topics: [topicNames.rawSamples],
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    concurrency: config.decode.concurrency,
    open: async (context) => ({ process: (messages) => decodeMessages(context, messages) }),
    log,
    metrics,
    fail,
  });
  const layout: Component = {
    name: 'topic layout',
    async start() {
      partitions = await partitionCount(kafka, topicNames.decodedSamples);
    },
    stop: () => undefined,
  };
  return [createKafkaGate(config.kafka, log), layout, producer, consumer];
}

export const decodeService: ServiceDefinition<typeof decodeSchema> = {
  name: 'decode',
  about: 'Decodes the sampled header bytes and spreads the samples over partitions by flow.',
  schema: decodeSchema,
  build,
};

if (import.meta.main) process.exitCode = await runService(decodeService, process.argv.slice(2));
