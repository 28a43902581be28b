// Messages of one transaction, in sends of a bounded number.

import type { KafkaConfig } from '@tcxflow/common/config.ts';
import { compressionTypes } from '@tcxflow/common/kafka.ts';
import type { Message, Transaction } from 'kafkajs';

/** kafkajs groups those of one send in quadratic time. */
const MESSAGES_PER_SEND = 1000;

export interface TransactionSender {
  /** To which topic messages go from now on. */
  to(topic: string): Promise<void>;
  /** @returns what to wait for, if anything, before the next is made */
  push(message: Message): Promise<void> | undefined;
  flush(): Promise<void>;
}

/** @param sent when Kafka has what was pushed: its buffers may be used again */
export function createTransactionSender(
  transaction: Transaction,
  compression: KafkaConfig['compression'],
  sent: () => Promise<void>,
): TransactionSender {
  let topic = '';
  let messages: Message[] = [];

  async function flush(): Promise<void> {
    if (messages.length === 0) return;
    const sending = messages;
    messages = [];
    await transaction.send({ topic, acks: -1, compression: compressionTypes[compression], messages: sending });
    await sent();
  }

  return {
    async to(next) {
      if (next !== topic) await flush();
      topic = next;
    },
    push(message) {
      messages.push(message);
      return messages.length >= MESSAGES_PER_SEND ? flush() : undefined;
    },
    flush,
  };
}
