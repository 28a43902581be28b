// aggregate: tcxflow.decoded-samples.v1 → tcxflow.flows.v1 and flow-summaries.v1, one record a flow or summary and window.

import { createDeadLetter } from '@tcxflow/common/dead-letter.ts';
import { createKafka, createKafkaGate, createTopicLayout } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { createPartitionConsumer } from '@tcxflow/common/partition-consumer.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Producer } from 'kafkajs';
import { RAW_PARTITIONS_MAX } from './checkpoint.ts';
import { type AggregateServiceConfig, aggregateSchema } from './config.ts';
import { createAggregateMetrics } from './metrics.ts';
import { openFencedProducer, openProcessor } from './processor.ts';
import { createSuspects } from './suspects.ts';

function build({ config, log, metrics, fail }: ServiceContext<AggregateServiceConfig>): Component[] {
  const kafka = createKafka(config.kafka, 'aggregate', log);
  const deadLetterProducer = createRenewingProducer(kafka);
  const deadLetter = createDeadLetter(deadLetterProducer, 'aggregate', metrics, log);
  const aggregateMetrics = createAggregateMetrics(metrics);
  const suspects = createSuspects();
  /** By partition; the processor that uses one disconnects it. */
  const producers = new Map<number, Producer>();
  const rawLayout = createTopicLayout(kafka, topicNames.rawSamples, RAW_PARTITIONS_MAX);
  const layout = createTopicLayout(kafka, topicNames.flows);
  const summaryLayout = createTopicLayout(kafka, topicNames.flowSummaries);
  const ledgerLayout = createTopicLayout(kafka, topicNames.ledger);

  const consumer = createPartitionConsumer({
    kafka,
    groupId: config.aggregate.groupId,
    topics: [topicNames.decodedSamples],
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    concurrency: config.aggregate.concurrency,
    async fence(partition) {
      producers.set(partition, await openFencedProducer(kafka, config.aggregate.groupId, partition));
    },
    open: async (context) =>
      openProcessor(context, {
        producer: producers.get(context.partition) as Producer,
        kafkaConfig: config.kafka,
        config: config.aggregate,
        flowPartitions: layout.partitions(),
        summaryPartitions: summaryLayout.partitions(),
        ledgerPartitions: ledgerLayout.partitions(),
        deadLetter,
        suspects,
        metrics: aggregateMetrics,
      }),
    log,
    metrics,
    fail,
  });
  return [
    createKafkaGate(config.kafka, log),
    rawLayout,
    layout,
    summaryLayout,
    ledgerLayout,
    deadLetterProducer,
    consumer,
  ];
}

export const aggregateService: ServiceDefinition<typeof aggregateSchema> = {
  name: 'aggregate',
  about: 'Adds decoded samples up to flows in event-time windows.',
  schema: aggregateSchema,
  build,
};

if (import.meta.main) process.exitCode = await runService(aggregateService, process.argv.slice(2));
