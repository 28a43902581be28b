// Kafka and ClickHouse for `up`: those of a configuration, or embedded ones.

import { type ClickHouseConfig, type KafkaConfig, loadConfig } from '@tcxflow/common/config.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import { toolSchema } from '../clickhouse-access.ts';

export interface Engines {
  kafka: KafkaConfig;
  clickhouse: ClickHouseConfig;
  stop(): Promise<void>;
}

export interface EnginesOptions {
  dataDir: string;
  config?: string | undefined;
  log: Logger;
  say: (line: string) => void;
}

/** On one machine silence means death: a killed worker's partitions are taken over sooner than usual. */
const SESSION_TIMEOUT_MS = 10_000;

export async function startEngines({ dataDir, config, log, say }: EnginesOptions): Promise<Engines> {
  const { kafka, clickhouse } = loadConfig(toolSchema, { file: config });
  if (config) {
    say(`using Kafka at ${kafka.brokers.join(', ')} and ClickHouse at ${clickhouse.url}`);
    return { kafka, clickhouse, stop: async () => undefined };
  }
  // Loaded only here: with engines of their own, users need neither Java nor libchdb.
  const { startKafka } = await import('@tcxflow/embedded/kafka.ts');
  const { startClickHouse } = await import('@tcxflow/embedded/clickhouse.ts');
  const startedAt = Date.now();
  const since = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  const results = await Promise.allSettled([
    startKafka({ dataDir, log }).then((broker) => {
      say(`kafka        ready in ${since()} at ${broker.brokers.join(', ')}`);
      return broker;
    }),
    startClickHouse({ dataDir, log }).then((server) => {
      say(`clickhouse   ready in ${since()} at ${server.url}`);
      return server;
    }),
  ]);
  const [broker, server] = results;
  const stop = async () => {
    await Promise.all(results.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)));
  };
  if (broker.status === 'rejected' || server.status === 'rejected') {
    await stop();
    throw broker.status === 'rejected' ? broker.reason : (server as PromiseRejectedResult).reason;
  }
  return {
    kafka: { ...kafka, brokers: broker.value.brokers, sessionTimeoutMs: SESSION_TIMEOUT_MS },
    clickhouse: {
      ...clickhouse,
      cluster: '',
      url: server.value.url,
      username: server.value.username,
      password: server.value.password,
    },
    stop,
  };
}
