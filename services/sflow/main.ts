// sflow: tcxflow.raw-samples.v1, tcxflow.counters.v1 and tcxflow.drops.v1 → sFlow v5 datagrams to collectors.

import { createKafka, createKafkaGate } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { createPartitionConsumer } from '@tcxflow/common/partition-consumer.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import { createCollectors } from './collectors.ts';
import { type SflowServiceConfig, sflowSchema } from './config.ts';
import { dumpCommand } from './dump/dump.ts';
import { createSflowMetrics } from './metrics.ts';
import { openProcessor } from './processor.ts';
import { createReloadSignal } from './reload-signal.ts';
import { createSessions } from './sessions.ts';

function build({ config, log, metrics, fail, reload }: ServiceContext<SflowServiceConfig>): Component[] {
  const kafka = createKafka(config.kafka, 'sflow', log);
  const sflowMetrics = createSflowMetrics(metrics);
  const collectors = createCollectors(config.sflow, sflowMetrics, log);
  const sessions = createSessions(config.sflow, collectors.streams);
  const consumer = createPartitionConsumer({
    kafka,
    groupId: config.sflow.groupId,
    // Drops too, though nobody may want them: who wants them may be told while it runs.
    topics: [topicNames.rawSamples, topicNames.counters, topicNames.drops],
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    coPartitioned: true,
    // One after another: all topics of a partition write into the same sessions.
    concurrency: 1,
    open: async (context) =>
      openProcessor(context, { collectors, sessions, relay: config.sflow.relay, metrics: sflowMetrics }),
    log,
    metrics,
    fail,
  });
  const signals = createReloadSignal('collectors', () => collectors.replace(reload().sflow), log);
  return [createKafkaGate(config.kafka, log), collectors, consumer, signals];
}

export const sflowService: ServiceDefinition<typeof sflowSchema> = {
  name: 'sflow',
  about: 'Sends raw samples, counters and dropped packets as standard sFlow v5 to collectors.',
  schema: sflowSchema,
  commands: { dump: dumpCommand },
  build,
};

if (import.meta.main) process.exitCode = await runService(sflowService, process.argv.slice(2));
