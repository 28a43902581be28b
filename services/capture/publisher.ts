// A bounded queue of encoded messages and the loop that hands them to Kafka in order, retrying until it takes them.

import type { KafkaConfig } from '@tcxflow/common/config.ts';
import { compressionTypes, delay } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { Metrics } from '@tcxflow/common/metrics.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import type { Kafka } from 'kafkajs';

export interface Outgoing {
  topic: string;
  key: string;
  value: Buffer;
  /** Samples inside, for the accounts. */
  samples: number;
}

export interface Publisher extends Component {
  /** Takes it always: the bound is kept by pausing the ring that samples come from. */
  push(message: Outgoing): void;
  /** Takes it unless the queue is full: for what the next message says again, as cumulative counters do. */
  offer(message: Outgoing): void;
  queuedBytes(): number;
}

export interface PublisherOptions {
  kafka: Kafka;
  kafkaConfig: KafkaConfig;
  queueBytes: number;
  /** Called when the queue has become full, and when it has room again. */
  onPressure: (full: boolean) => void;
  metrics: Metrics;
  log: Logger;
}

const SEND_BYTES_MAX = 4 << 20;

export function createPublisher(options: PublisherOptions): Publisher {
  const { kafka, metrics, log } = options;
  const queue: Outgoing[] = [];
  const stopped = new AbortController();
  const problems = throttled(10_000);
  const published = metrics.counter('published_samples_total', 'Samples acknowledged by Kafka');
  const messages = metrics.counter('published_messages_total', 'Messages acknowledged by Kafka', ['topic']);
  const retries = metrics.counter('publish_failures_total', 'Sends that failed and were tried again');
  const dropped = metrics.counter('dropped_messages_total', 'Messages given up because the queue was full', ['topic']);
  const unpublished = metrics.counter(
    'unpublished_samples_total',
    'Samples lost at the end: Kafka did not take them before the deadline',
  );
  const queueGauge = metrics.gauge('queue_bytes', 'Encoded batches waiting for Kafka');
  metrics.gauge('queue_bound_bytes', 'Above this, sampling waits in the ring').set(options.queueBytes);
  let queuedBytes = 0;
  let full = false;
  let ending = false;
  let wake: () => void = () => undefined;
  let loop: Promise<void> = Promise.resolve();
  const producer = createRenewingProducer(kafka);

  function account(bytes: number): void {
    queuedBytes += bytes;
    queueGauge.set(queuedBytes);
    const next = full ? queuedBytes > options.queueBytes / 2 : queuedBytes > options.queueBytes;
    if (next === full) return;
    full = next;
    log[full ? 'warn' : 'info'](
      { queuedBytes },
      full ? 'queue to kafka is full; sampling waits in the ring' : 'queue to kafka has room again',
    );
    options.onPressure(full);
  }

  /** Messages from the front that make one request. */
  function nextSend(): Outgoing[] {
    let bytes = 0;
    let count = 0;
    for (const message of queue) {
      bytes += message.value.length;
      if (count > 0 && bytes > SEND_BYTES_MAX) break;
      count++;
    }
    return queue.slice(0, count);
  }

  async function send(batch: Outgoing[]): Promise<void> {
    const byTopic = Map.groupBy(batch, (message) => message.topic);
    await producer.sendBatch({
      compression: compressionTypes[options.kafkaConfig.compression],
      topicMessages: [...byTopic].map(([topic, group]) => ({
        topic,
        messages: group.map(({ key, value }) => ({ key, value })),
      })),
    });
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const batch = nextSend();
      if (batch.length === 0) {
        if (ending) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      try {
        await send(batch);
      } catch (error) {
        retries.inc();
        problems((skipped) =>
          log.warn({ err: error, queuedBytes, skipped }, 'kafka did not take the samples; trying again'),
        );
        await delay(500, stopped.signal);
        continue;
      }
      queue.splice(0, batch.length);
      account(-batch.reduce((sum, message) => sum + message.value.length, 0));
      for (const message of batch) {
        published.inc(message.samples);
        messages.inc({ topic: message.topic });
      }
    }
  }

  function push(message: Outgoing): void {
    queue.push(message);
    account(message.value.length);
    wake();
  }

  return {
    name: 'publisher',
    async start() {
      await producer.start();
      loop = run();
    },
    push,
    offer(message) {
      if (full) dropped.inc({ topic: message.topic });
      else push(message);
    },
    queuedBytes: () => queuedBytes,
    async stop(signal) {
      ending = true;
      wake();
      // A send may be under way that kafkajs tries for longer than the deadline: it is not waited for then.
      const expired = new Promise<void>((resolve) => {
        const giveUp = () => {
          stopped.abort();
          resolve();
        };
        if (signal.aborted) giveUp();
        else signal.addEventListener('abort', giveUp, { once: true });
      });
      await Promise.race([loop, expired]);
      const lost = queue.reduce((sum, message) => sum + message.samples, 0);
      unpublished.inc(lost);
      if (lost > 0)
        log.error(
          { samples: lost, cause: 'not_published' },
          'samples lost: kafka did not take them before the deadline',
        );
      await producer.stop(signal);
    },
  };
}
