// kafkajs, set up once: logs into pino, zstd from node:zlib, topics, and waiting for brokers that are not there yet.

import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { topicNames, topicRetentionMs } from '@tcxflow/schemas/topics.ts';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import type { KafkaConfig } from './config.ts';
import type { Component } from './lifecycle.ts';
import type { Logger } from './logger.ts';

const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
  decompress: (buffer: Buffer) => decompress(buffer),
});

export const compressionTypes = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
} as const;

// kafkajs 2.2.4 computes a negative delay for its request queue; Node answers with this warning. Harmless; no other is hidden.
const emitWarning = process.emitWarning.bind(process);
process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
  const name = warning instanceof Error ? warning.name : typeof rest[0] === 'string' ? rest[0] : undefined;
  if (name === 'TimeoutNegativeWarning') return;
  (emitWarning as (...args: unknown[]) => void)(warning, ...rest);
}) as typeof process.emitWarning;

/** Retriable errors are Kafka's normal life (coordinators loading, leaders moving): they go to debug. */
function logCreator(log: Logger) {
  return () =>
    ({ level, log: entry }: { level: number; log: { message: string; [key: string]: unknown } }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = entry;
      const retriable = entry.retryCount !== undefined || /connection|coordinator|rebalanc|retr/i.test(message);
      if (level === logLevel.ERROR && !retriable) log.warn(fields, `kafka: ${message}`);
      else log.debug(fields, `kafka: ${message}`);
    };
}

export function createKafka(config: KafkaConfig, clientId: string, log: Logger): Kafka {
  return new kafkajs.Kafka({
    clientId: `tcxflow-${clientId}`,
    brokers: config.brokers,
    logLevel: logLevel.INFO,
    logCreator: logCreator(log.child({ component: 'kafka' })),
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    // Kafka 4 answers CONCURRENT_TRANSACTIONS until a transaction's markers are written: start small, or each costs 300 ms.
    retry: { initialRetryTime: 10, factor: 0.2, maxRetryTime: 2000, retries: 30 },
  });
}

/** Holds back the components after it until Kafka answers and the topics exist. */
export function createKafkaGate(kafka: Kafka, config: KafkaConfig, log: Logger): Component {
  const abort = new AbortController();
  return {
    name: 'kafka gate',
    start: () => waitForKafka(kafka, config, log, abort.signal),
    stop: () => abort.abort(),
  };
}

/** Waits until the brokers answer and all topics are there, creating what is missing. */
export async function waitForKafka(kafka: Kafka, config: KafkaConfig, log: Logger, signal: AbortSignal): Promise<void> {
  let announced = false;
  for (;;) {
    const admin = kafka.admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
      await createTopics(admin, config);
      if (announced) log.info({ brokers: config.brokers }, 'kafka answers');
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!announced)
        log.warn(
          { brokers: config.brokers, error: (error as Error).message },
          'kafka does not answer yet; waiting for it',
        );
      announced = true;
      await delay(1000, signal);
    } finally {
      await admin.disconnect();
    }
  }
}

async function createTopics(admin: ReturnType<Kafka['admin']>, config: KafkaConfig): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = Object.values(topicNames).filter((topic) => !existing.has(topic));
  if (missing.length === 0) return;
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map((topic) => ({
      topic,
      numPartitions: config.partitions,
      replicationFactor: config.replicationFactor,
      configEntries: [
        { name: 'retention.ms', value: String(topicRetentionMs[topic]) },
        { name: 'max.message.bytes', value: String(8 << 20) },
      ],
    })),
  });
}

/** Number of partitions of a topic. */
export async function partitionCount(kafka: Kafka, topic: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
    return metadata.topics[0]?.partitions.length ?? 0;
  } finally {
    await admin.disconnect();
  }
}

/** acks=all, idempotent, in order. */
export function createProducer(kafka: Kafka, transactionalId?: string): Producer {
  return kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    ...(transactionalId ? { transactionalId, transactionTimeout: 60_000 } : {}),
  });
}

/** Resolves early when the signal fires. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
