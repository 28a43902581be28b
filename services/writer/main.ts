// writer: flows, counters, drops, the ledger, and what raw samples tell of themselves → ClickHouse.

import { createClickHouse, waitForClickHouse } from '@tcxflow/common/clickhouse.ts';
import { createDeadLetter } from '@tcxflow/common/dead-letter.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { createKafka, createKafkaGate } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { createPartitionConsumer } from '@tcxflow/common/partition-consumer.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import type { Kafka } from 'kafkajs';
import { type BlockFormat, blockFormatsOf } from './block-formats.ts';
import { type WriterServiceConfig, writerSchema } from './config.ts';
import { createWriterMetrics } from './metrics.ts';
import { loadMigrations, planMigrations, readApplied } from './migrations.ts';
import { layoutOf } from './migrations-cluster.ts';
import { checkTables } from './migrations-place.ts';
import { openProcessor } from './processor.ts';
import { createProgressLog } from './progress.ts';
import { createSizeCap } from './size-cap-keeper.ts';

function build({ config, log, metrics, fail }: ServiceContext<WriterServiceConfig>): Component[] {
  const kafka = createKafka(config.kafka, 'writer', log);
  const client = createClickHouse(config.clickhouse);
  const layout = layoutOf(config.clickhouse);
  const producer = createRenewingProducer(kafka);
  const deadLetter = createDeadLetter(producer, 'writer', metrics, log);
  const writerMetrics = createWriterMetrics(metrics);
  const blockFormats = blockFormatsOf(config.writer);
  const progress = createProgressLog(
    client,
    once(() => readClusterId(kafka)),
  );
  const abort = new AbortController();

  const store: Component = {
    name: 'clickhouse',
    async start() {
      await waitForClickHouse(client, config.clickhouse, log, abort.signal);
      const missing = planMigrations(loadMigrations(), await readApplied(client));
      if (missing.length > 0)
        throw new TcxflowError('SCHEMA_OLD', `the database lacks ${missing.map(({ name }) => name).join(', ')}`, {
          hint: 'run: tcxflow migrate',
        });
      await checkTables(client, layout);
    },
    async stop() {
      abort.abort();
      await client.close();
    },
  };
  const consumer = createPartitionConsumer({
    kafka,
    groupId: config.writer.groupId,
    topics: Object.keys(blockFormats),
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    concurrency: config.writer.concurrency,
    tickMs: Math.min(250, config.writer.flushIntervalMs),
    open: async (context) =>
      openProcessor(context, {
        client,
        format: blockFormats[context.topic] as BlockFormat,
        config: config.writer,
        recorded: await progress.read(context.topic, context.partition),
        progress,
        deadLetter,
        metrics: writerMetrics,
        log,
      }),
    log,
    metrics,
    fail,
  });
  const { maxBytes } = config.writer.retention;
  const sizeCap = maxBytes > 0 ? [createSizeCap({ client, metrics: writerMetrics, log, maxBytes, layout })] : [];
  return [store, ...sizeCap, createKafkaGate(config.kafka, log), producer, consumer];
}

/** Kafka's own name for the cluster: offsets of another one mean nothing. */
async function readClusterId(kafka: Kafka): Promise<string> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return (await admin.describeCluster()).clusterId;
  } finally {
    await admin.disconnect();
  }
}

/** One answer for all that ask; after an error the next asks again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

export const writerService: ServiceDefinition<typeof writerSchema> = {
  name: 'writer',
  about: 'Inserts flows, counters, drops and the ledger into ClickHouse, each once.',
  schema: writerSchema,
  build,
};

if (import.meta.main) process.exitCode = await runService(writerService, process.argv.slice(2));
