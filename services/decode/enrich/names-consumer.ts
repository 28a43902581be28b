// Reads the counters topic for what agents say of their interfaces. Every worker needs all of it, so each is a group of its
// own that commits nothing and begins anew at each start. Until it has caught up, names are missing; samples do not wait.

import { randomUUID } from 'node:crypto';
import { delay } from '@tcxflow/common/kafka.ts';
import type { Component, Fail } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import type { Metrics } from '@tcxflow/common/metrics.ts';
import { createPartitionConsumer } from '@tcxflow/common/partition-consumer.ts';
import { countersCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { Kafka, KafkaMessage } from 'kafkajs';
import type { NameTable } from './interface-names.ts';
import type { EnrichMetrics } from './metrics.ts';

const RETRY_MS = 30_000;

export interface NamesConsumerOptions {
  kafka: Kafka;
  /** Of the service; the group's name begins with it. */
  groupId: string;
  sessionTimeoutMs: number;
  historyMs: number;
  names: NameTable;
  enrichMetrics: Pick<EnrichMetrics, 'names' | 'unreadable'>;
  metrics: Metrics;
  log: Logger;
  fail: Fail;
}

export function createNamesConsumer(options: NamesConsumerOptions): Component {
  const { kafka, groupId, sessionTimeoutMs, historyMs, metrics, log, fail } = options;
  const consumer = createPartitionConsumer({
    kafka,
    groupId: `${groupId}-names-${randomUUID()}`,
    topics: [topicNames.counters],
    sessionTimeoutMs,
    sinceMs: () => Date.now() - historyMs,
    open: async () => ({ process: async (messages) => learnNames(messages, options) }),
    log,
    metrics: prefixed(metrics),
    fail,
  });
  return startedAside(consumer, log);
}

/** Samples are decoded without names too: while Kafka refuses this group or topic, and when it never lets us read them. */
export function startedAside(consumer: Component, log: Logger): Component {
  const stopping = new AbortController();
  async function startAtLast(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await consumer.start();
        return;
      } catch (err) {
        if (!stopping.signal.aborted) log.warn({ err }, 'names of interfaces cannot be read yet; trying again');
        await delay(RETRY_MS, stopping.signal);
      }
    }
  }
  return {
    name: consumer.name,
    start() {
      void startAtLast();
    },
    stop(signal) {
      stopping.abort();
      return consumer.stop(signal);
    },
  };
}

/** What cannot be read is somebody else's to report: the writer has the dead letters of this topic. */
export function learnNames(
  messages: readonly Pick<KafkaMessage, 'value'>[],
  { names, enrichMetrics }: Pick<NamesConsumerOptions, 'names' | 'enrichMetrics'>,
): void {
  for (const { value } of messages) {
    try {
      names.learn(countersCodec.decode(value));
    } catch {
      enrichMetrics.unreadable.inc();
    }
  }
  enrichMetrics.names.set(names.entries);
}

/** The service has a consumer already, with metrics of these names. */
function prefixed(metrics: Metrics): Metrics {
  const name = (given: string) => `enrich_names_${given}`;
  return {
    ...metrics,
    counter: (given, help, labels) => metrics.counter(name(given), help, labels),
    gauge: (given, help, labels) => metrics.gauge(name(given), help, labels),
  };
}
