// One partition of raw samples: decodes the messages, has Kafka acknowledge what came of them, then commits. A crash in
// between decodes them again; readers know a batch by its source offset.

import type { DeadLetter } from '@tcxflow/common/dead-letter.ts';
import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage, TopicMessages } from 'kafkajs';
import { createMessageDecoder, type DecodeTally } from './decode-message.ts';
import type { Enricher } from './enrich/enricher.ts';
import { decodedEntries, letterEntries } from './ledger.ts';
import type { DecodeMetrics } from './metrics.ts';
import { createSeenBatches } from './seen-batches.ts';

const stopNames = ['complete', 'truncated', 'malformed', 'unsupported'] as const;

export interface ProcessorDependencies {
  /** Resolves when all in-sync replicas have them. */
  send(messages: TopicMessages[]): Promise<void>;
  /** Partitions of the decoded samples. */
  partitions: number;
  deadLetter: DeadLetter;
  /** undefined: nothing is looked up. */
  enricher: Enricher | undefined;
  application: boolean;
  tunnelPorts: Uint8Array;
  metrics: DecodeMetrics;
}

/** What came of some messages. */
interface Output {
  decoded: { partition: number; key: string; value: Buffer }[];
  ledger: { key: string; value: Buffer }[];
}

export function openProcessor(context: PartitionContext, deps: ProcessorDependencies): PartitionProcessor {
  const { metrics } = deps;
  const seen = createSeenBatches(context.committed.metadata);
  const decoder = createMessageDecoder(deps);

  async function decodeMessage(message: KafkaMessage, output: Output, tally: DecodeTally): Promise<void> {
    const position = { partition: context.partition, offset: Number(message.offset) };
    try {
      const value = sampleBatchCodec.current(message.value);
      const batch = openRawBatch(value);
      if (seen.isRepeated(batch)) {
        metrics.repeated.inc();
        return;
      }
      for (const decoded of decoder.decode(value, batch, position, tally))
        output.decoded.push({ key: batch.agent, ...decoded });
      output.ledger.push(...decodedEntries(batch, decoder.minutes(), position, Number(message.timestamp)));
    } catch (error) {
      await deps.deadLetter.send(context, message, error as Error);
      output.ledger.push(...letterEntries(message, position, error as Error));
    }
  }

  return {
    async process(messages) {
      const last = messages.at(-1);
      if (!last) return;
      const tally: DecodeTally = { samples: 0, stops: [0, 0, 0, 0] };
      const output: Output = { decoded: [], ledger: [] };
      for (const message of messages) await decodeMessage(message, output, tally);
      const topicMessages = [
        { topic: topicNames.decodedSamples, messages: output.decoded },
        { topic: topicNames.ledger, messages: output.ledger },
      ].filter(({ messages: some }) => some.length > 0);
      if (topicMessages.length > 0) await deps.send(topicMessages);
      if (!(await context.commit(String(Number(last.offset) + 1), seen.encode()))) return;
      metrics.batches.inc(messages.length);
      for (const [index, stop] of stopNames.entries()) metrics.samples.inc({ stop }, tally.stops[index]);
    },
  };
}
