// A Kafka that keeps what survives a worker, for tests of processors.

import assert from 'node:assert/strict';
import { commonSections } from '@tcxflow/common/config.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import type { Committed, PartitionContext } from '@tcxflow/common/partition-consumer.ts';
import type { DecodedBatch, Flow, FlowSummary, LedgerEntry } from '@tcxflow/schemas/generated.ts';
import {
  decodedBatchCodec,
  flowCodec,
  flowSummaryCodec,
  ledgerEntryCodec,
  topicNames,
} from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage, Producer, ProducerRecord } from 'kafkajs';
import { type AggregateConfig, aggregateSection } from '../config.ts';
import { createAggregateMetrics } from '../metrics.ts';
import { openProcessor } from '../processor.ts';
import { createSuspects } from '../suspects.ts';
import { WINDOW_MS } from './simulated-log.ts';

const config = aggregateSection.parse({ windowMs: WINDOW_MS, allowedLatenessMs: 2000, idleTimeoutMs: 5000 });
const metrics = createAggregateMetrics(createMetrics('aggregate'));

/** @param decoded undefined: what is not decodable */
export function message(offset: number, decoded: DecodedBatch | Buffer | undefined): KafkaMessage {
  const value = Buffer.isBuffer(decoded)
    ? decoded
    : decoded
      ? decodedBatchCodec.encode(decoded)
      : Buffer.from('not Avro');
  return { key: null, value, timestamp: '0', attributes: 0, offset: String(offset), headers: {} };
}

/** What survives the worker: committed transactions. A step that throws is where it was killed. */
export class FakeKafka {
  flows: Flow[] = [];
  summaries: FlowSummary[] = [];
  ledger: LedgerEntry[] = [];
  suspects = createSuspects();
  /** Flows and summaries. */
  sent: { topic: string; partition: number; key: Buffer; value: Buffer }[] = [];
  committed: Committed = { offset: undefined, metadata: '' };
  deadLettered: string[] = [];
  step: (name: string) => void = () => undefined;

  producer(): Producer {
    const transaction = async () => {
      const messages: FakeKafka['sent'] = [];
      const ledger: LedgerEntry[] = [];
      let committed = this.committed;
      let active = true;
      return {
        isActive: () => active,
        send: async (record: ProducerRecord) => {
          this.step('send');
          if (record.topic === topicNames.ledger) {
            ledger.push(...record.messages.map(({ value }) => ledgerEntryCodec.decode(value as Buffer)));
            return;
          }
          assert.ok(record.topic === topicNames.flows || record.topic === topicNames.flowSummaries);
          // Whoever sends may use its buffers again when they were sent.
          for (const { partition, key, value } of record.messages)
            messages.push({
              topic: record.topic,
              partition: partition ?? -1,
              key: Buffer.from(key as Buffer),
              value: Buffer.from(value as Buffer),
            });
        },
        sendOffsets: async ({ topics }: { topics: { partitions: { offset: string; metadata: string }[] }[] }) => {
          this.step('sendOffsets');
          const [entry] = topics[0]?.partitions ?? [];
          committed = { offset: entry?.offset, metadata: entry?.metadata ?? '' };
        },
        commit: async () => {
          this.step('commit');
          active = false;
          this.sent.push(...messages);
          for (const { topic, value } of messages)
            if (topic === topicNames.flows) this.flows.push(flowCodec.decode(value));
            else this.summaries.push(flowSummaryCodec.decode(value));
          this.ledger.push(...ledger);
          this.committed = committed;
          this.step('committed');
        },
        abort: async () => {
          active = false;
        },
      };
    };
    return { transaction, disconnect: async () => undefined } as unknown as Producer;
  }

  open(
    context: Partial<PartitionContext> = {},
    maxOpenFlows = config.maxOpenFlows,
    fields: Partial<AggregateConfig> = {},
  ) {
    const owned = {
      topic: topicNames.decodedSamples,
      partition: 1,
      committed: this.committed,
      position: this.committed.offset ?? '0',
      abandoned: false,
      stopping: new AbortController().signal,
      commit: async () => true,
      heartbeat: async () => undefined,
      ...context,
    };
    const deadLetter = { send: async (_: unknown, { offset }: KafkaMessage) => void this.deadLettered.push(offset) };
    const kafkaConfig = commonSections.kafka.parse(undefined);
    return openProcessor(owned, {
      producer: this.producer(),
      kafkaConfig,
      config: { ...config, maxOpenFlows, ...fields },
      flowPartitions: 4,
      summaryPartitions: 4,
      ledgerPartitions: 4,
      deadLetter,
      suspects: this.suspects,
      metrics,
    });
  }
}
