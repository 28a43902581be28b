// Messages of several partitions in one request: what the partitions of many topics send while a request is under way goes with
// the next. Over 64 partitions a record batch then holds what many raw batches gave for its partition, and not a few samples.

import type { TopicMessages } from 'kafkajs';
import type { KafkaConfig } from './config.ts';
import { joined } from './joined.ts';
import { compressionTypes } from './kafka.ts';
import type { RenewingProducer } from './renewing-producer.ts';

/** Before compression, and all of it may be one record batch: topics take 8 MiB after it. */
const REQUEST_BYTES_MAX = 8 << 20;

/** @returns resolves when all in-sync replicas have the messages @throws what Kafka answered, to all who were in the request */
export function createJoinedSend(
  producer: RenewingProducer,
  compression: KafkaConfig['compression'],
): (messages: TopicMessages[]) => Promise<void> {
  return joined<TopicMessages[]>(
    (asked) => producer.sendBatch({ compression: compressionTypes[compression], topicMessages: byTopic(asked.flat()) }),
    { weightOf: bytesOf, maxWeight: REQUEST_BYTES_MAX },
  );
}

function bytesOf(topics: TopicMessages[]): number {
  let bytes = 0;
  for (const { messages } of topics) for (const { value } of messages) bytes += value?.length ?? 0;
  return bytes;
}

function byTopic(asked: TopicMessages[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { topic, messages } of asked) {
    const known = topics.get(topic);
    if (known) for (const message of messages) known.messages.push(message);
    else topics.set(topic, { topic, messages: [...messages] });
  }
  return [...topics.values()];
}
