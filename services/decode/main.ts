// decode: tcxflow.raw-samples.v1 → tcxflow.decoded-samples.v1, partition by flow hash.

import { createDeadLetter } from '@tcxflow/common/dead-letter.ts';
import { createJoinedSend } from '@tcxflow/common/joined-send.ts';
import { createKafka, createKafkaGate, createTopicLayout } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { createPartitionConsumer } from '@tcxflow/common/partition-consumer.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { createTunnelPorts, decoderVersion } from '@tcxflow/packet/decode.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import { type DecodeServiceConfig, decodeSchema } from './config.ts';
import { createEnrichment } from './enrich/enrichment.ts';
import { lookupCommand } from './enrich/lookup.ts';
import { explainCommand } from './inspect/explain.ts';
import { fileCommand } from './inspect/file.ts';
import { createDecodeMetrics } from './metrics.ts';
import { openProcessor } from './processor.ts';

function build({ config, log, metrics, fail, reload, configFile }: ServiceContext<DecodeServiceConfig>): Component[] {
  const kafka = createKafka(config.kafka, 'decode', log);
  const layout = createTopicLayout(kafka, topicNames.decodedSamples);
  const producer = createRenewingProducer(kafka);
  const send = createJoinedSend(producer, config.kafka.compression);
  const deadLetter = createDeadLetter(producer, 'decode', metrics, log, {
    'tcxflow-decoder-version': String(decoderVersion),
  });
  const tunnelPorts = createTunnelPorts(config.decode.tunnelPorts);
  const decodeMetrics = createDecodeMetrics(metrics);
  const enrichment = createEnrichment({
    config: config.decode,
    configFile,
    reload: () => reload().decode,
    kafka,
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    metrics,
    log,
    fail,
  });
  const consumer = createPartitionConsumer({
    kafka,
    groupId: config.decode.groupId,
    topics: [topicNames.rawSamples],
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    concurrency: config.decode.concurrency,
    open: async (context) =>
      openProcessor(context, {
        send,
        partitions: layout.partitions(),
        deadLetter,
        enricher: enrichment.enricher,
        application: config.decode.application,
        tunnelPorts,
        metrics: decodeMetrics,
      }),
    log,
    metrics,
    fail,
  });
  return [createKafkaGate(config.kafka, log), layout, ...enrichment.components, producer, consumer];
}

export const decodeService: ServiceDefinition<typeof decodeSchema> = {
  name: 'decode',
  about: 'Decodes the sampled header bytes and spreads the samples over partitions by flow.',
  schema: decodeSchema,
  commands: { explain: explainCommand, lookup: lookupCommand },
  fileCommand,
  build,
};

if (import.meta.main) process.exitCode = await runService(decodeService, process.argv.slice(2));
