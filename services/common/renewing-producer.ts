// An idempotent producer whose sequence is in doubt after an error cannot be used again: the next send gets a new one.
// The caller repeats what failed; readers drop what they have seen.

import type { Kafka, Producer, ProducerBatch } from 'kafkajs';
import { createProducer } from './kafka.ts';
import type { Component } from './lifecycle.ts';

export interface RenewingProducer extends Component {
  /** Resolves when all in-sync replicas have it. @throws what Kafka answered */
  sendBatch(batch: ProducerBatch): Promise<void>;
}

export function createRenewingProducer(kafka: Kafka): RenewingProducer {
  let producer: Producer | undefined;

  async function connect(): Promise<Producer> {
    const next = createProducer(kafka);
    await next.connect();
    producer = next;
    return next;
  }

  return {
    name: 'producer',
    async start() {
      await connect();
    },
    async sendBatch(batch) {
      const current = producer ?? (await connect());
      try {
        await current.sendBatch({ acks: -1, ...batch });
      } catch (error) {
        if (producer === current) producer = undefined;
        // What it answers no longer matters; the reason that counts is `error`.
        await current.disconnect().catch((secondary: unknown) => Object.assign(error as object, { secondary }));
        throw error;
      }
    },
    async stop() {
      await producer?.disconnect();
    },
  };
}
