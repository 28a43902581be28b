// Connections, topics and producers, and waiting for brokers that are not there yet.

import { topicNames, topicRetentionMs } from '@tcxflow/schemas/topics.ts';
import type { Kafka, Producer } from 'kafkajs';
import type { KafkaConfig } from './config.ts';
import { TcxflowError } from './errors.ts';
import kafkajs from './kafkajs.ts';
import type { Component } from './lifecycle.ts';
import type { Logger } from './logger.ts';

const { CompressionTypes, logLevel } = kafkajs;

export const compressionTypes = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
} as const;

/** Retriable errors are Kafka's normal life (coordinators loading, leaders moving): they go to debug. */
function logCreator(log: Logger) {
  return () =>
    ({ level, log: entry }: { level: number; log: { message: string; [key: string]: unknown } }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = entry;
      const retriable =
        entry.retryCount !== undefined || /connection|coordinator|rebalanc|retr/i.test(`${message} ${entry.error}`);
      if (level === logLevel.ERROR && !retriable) log.warn(fields, `kafka: ${message}`);
      else log.debug(fields, `kafka: ${message}`);
    };
}

/** @param retries of one request or connection; what lasts longer is an error to whoever asked */
export function createKafka(config: KafkaConfig, clientId: string, log: Logger, retries = 30): Kafka {
  return new kafkajs.Kafka({
    clientId: `tcxflow-${clientId}`,
    brokers: config.brokers,
    logLevel: logLevel.INFO,
    logCreator: logCreator(log.child({ component: 'kafka' })),
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    // Kafka 4 answers CONCURRENT_TRANSACTIONS until a transaction's markers are written: start small, or each costs 300 ms.
    retry: { initialRetryTime: 10, factor: 0.2, maxRetryTime: 2000, retries },
  });
}

/** Holds back the components after it until Kafka answers and the topics exist. */
export function createKafkaGate(config: KafkaConfig, log: Logger): Component {
  const abort = new AbortController();
  return {
    name: 'kafka gate',
    start: () => waitForKafka(config, log, abort.signal),
    stop: () => abort.abort(),
  };
}

/** Waits until the brokers answer and all topics are there, creating what is missing. */
export async function waitForKafka(config: KafkaConfig, log: Logger, signal: AbortSignal): Promise<void> {
  // A client that gives up at once: the waiting is done here, where it is said.
  const kafka = createKafka(config, 'gate', log, 0);
  let announced = false;
  for (;;) {
    const admin = kafka.admin();
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

export interface TopicLayout extends Component {
  partitions(): number;
}

/** Learns at start how many partitions a topic has: an existing topic keeps its own number. */
export function createTopicLayout(kafka: Kafka, topic: string, partitionsMax = Infinity): TopicLayout {
  let partitions = 0;
  return {
    name: `layout of ${topic}`,
    async start() {
      const admin = kafka.admin();
      await admin.connect();
      try {
        const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
        partitions = metadata.topics[0]?.partitions.length ?? 0;
      } finally {
        await admin.disconnect();
      }
      if (partitions > partitionsMax)
        throw new TcxflowError('TOO_MANY_PARTITIONS', `${topic} has ${partitions} partitions`, {
          hint: `at most ${partitionsMax} are supported: make the topic anew with fewer`,
        });
    },
    stop: () => undefined,
    partitions: () => partitions,
  };
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
