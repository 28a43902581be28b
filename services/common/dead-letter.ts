// Messages that can't be processed go to the dead-letter topic as they came, with the reason in headers; the partition goes on.

import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage } from 'kafkajs';
import { type Logger, throttled } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { RenewingProducer } from './renewing-producer.ts';

export interface DeadLetter {
  /** Resolves when Kafka has it: commit the source offset after that. */
  send(
    source: { topic: string; partition: number },
    message: KafkaMessage,
    error: Error & { code?: string },
  ): Promise<void>;
}

/**
 * @param stage the service that gives up on the message
 * @param about further headers, of the service itself
 */
export function createDeadLetter(
  producer: RenewingProducer,
  stage: string,
  metrics: Metrics,
  log: Logger,
  about: Record<string, string> = {},
): DeadLetter {
  const counter = metrics.counter('dead_lettered_total', 'Messages sent to the dead-letter topic', ['reason']);
  const lines = throttled(5000);
  return {
    async send(source, message, error) {
      const reason = error.code ?? error.name;
      await producer.sendBatch({
        topicMessages: [
          {
            topic: topicNames.deadLetter,
            messages: [
              {
                key: message.key,
                value: message.value,
                headers: {
                  ...message.headers,
                  'tcxflow-timestamp': message.timestamp,
                  'tcxflow-reason': reason,
                  'tcxflow-error': error.message.slice(0, 500),
                  'tcxflow-stage': stage,
                  ...about,
                  'tcxflow-source': `${source.topic}/${source.partition}/${message.offset}`,
                },
              },
            ],
          },
        ],
      });
      counter.inc({ reason });
      lines((skipped) =>
        log.warn(
          { ...source, offset: message.offset, reason, error: error.message, skipped },
          'message sent to the dead-letter topic',
        ),
      );
    },
  };
}
