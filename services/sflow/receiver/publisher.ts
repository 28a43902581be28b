// Messages to Kafka, in order, through a queue with a bound. What finds it full is dropped and counted: a sender of UDP
// cannot be asked to wait.

import type { KafkaConfig } from '@tcxflow/common/config.ts';
import { compressionTypes, delay } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { RenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import type { Outgoing } from './messages.ts';
import type { ReceiverMetrics } from './metrics.ts';

export interface Publisher extends Component {
  push(message: Outgoing): void;
}

export interface PublisherOptions {
  producer: RenewingProducer;
  compression: KafkaConfig['compression'];
  queueBytes: number;
  metrics: Pick<ReceiverMetrics, 'queueBytes' | 'published' | 'lostSamples'>;
  log: Logger;
}

const SEND_BYTES_MAX = 4 << 20;
const RETRY_MS = 500;
/** Between requests: what comes meanwhile goes together, since a request costs far more than the samples in it. */
const SEND_EVERY_MS = 100;

export function createPublisher({ producer, compression, queueBytes, metrics, log }: PublisherOptions): Publisher {
  const lines = throttled(10_000);
  const given = new AbortController();
  const hurry = new AbortController();
  let queue: Outgoing[] = [];
  let bytes = 0;
  let sending: Promise<void> | undefined;

  function lose(messages: readonly Outgoing[], cause: string): void {
    metrics.lostSamples.inc(
      { cause },
      messages.reduce((sum, { samples }) => sum + samples, 0),
    );
  }

  function account(by: number): void {
    bytes += by;
    metrics.queueBytes.set(bytes);
  }

  function nextSend(): Outgoing[] {
    let sum = 0;
    const end = queue.findIndex(({ value }, index) => {
      sum += value.length;
      return index > 0 && sum > SEND_BYTES_MAX;
    });
    // A copy: the queue grows while they are under way.
    return queue.slice(0, end < 0 ? undefined : end);
  }

  async function send(): Promise<void> {
    while (queue.length > 0 && !given.signal.aborted) {
      const batch = nextSend();
      try {
        const byTopic = Map.groupBy(batch, ({ topic }) => topic);
        await producer.sendBatch({
          compression: compressionTypes[compression],
          topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })),
        });
      } catch (error) {
        lines((skipped) =>
          log.warn({ error: (error as Error).message, skipped }, 'kafka did not take it; trying again'),
        );
        await delay(RETRY_MS, given.signal);
        continue;
      }
      queue = queue.slice(batch.length);
      account(-batch.reduce((sum, { value }) => sum + value.length, 0));
      for (const { topic } of batch) metrics.published.inc({ topic });
      await delay(SEND_EVERY_MS, hurry.signal);
    }
    sending = undefined;
  }

  return {
    name: 'publisher',
    start: () => undefined,
    push(message) {
      if (bytes + message.value.length > queueBytes) {
        lines((skipped) => log.warn({ bytes, skipped }, 'queue to kafka is full'));
        lose([message], 'queue_full');
        return;
      }
      queue.push(message);
      account(message.value.length);
      sending ??= send();
    },
    async stop(signal) {
      hurry.abort();
      signal.addEventListener('abort', () => given.abort());
      if (signal.aborted) given.abort();
      await sending;
      lose(queue, 'stopped');
    },
  };
}
