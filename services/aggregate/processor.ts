// One partition of decoded samples: fills windows, and emits the due ones together with the commit in one transaction.

import type { KafkaConfig } from '@tcxflow/common/config.ts';
import type { DeadLetter } from '@tcxflow/common/dead-letter.ts';
import { compressionTypes, createProducer } from '@tcxflow/common/kafka.ts';
import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import { SchemaError } from '@tcxflow/schemas/avro.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Kafka, KafkaMessage, Producer } from 'kafkajs';
import { decodeCheckpoint, encodeCheckpoint, isWanted, makeCheckpoint, OPEN_WINDOWS_MAX } from './checkpoint.ts';
import type { AggregateConfig } from './config.ts';
import { chooseEviction, evict, evictAgain } from './eviction.ts';
import { createFlowSink, type FlowMessage, writeFlow } from './flow-writer.ts';
import { emittedEntries, letterEntry } from './ledger.ts';
import type { AggregateMetrics } from './metrics.ts';
import { type AddResult, addBatch, createWindowSet, dueWindows, sizeOf, type Window } from './windows.ts';

export interface ProcessorDependencies {
  /** Transactional, of this partition, fenced. */
  producer: Producer;
  kafkaConfig: KafkaConfig;
  config: AggregateConfig;
  flowPartitions: number;
  ledgerPartitions: number;
  deadLetter: DeadLetter;
  metrics: AggregateMetrics;
}

/** kafkajs groups those of one send in quadratic time. */
const MESSAGES_PER_SEND = 1000;
/** As many messages of ordinary length. */
const SINK_BYTES = 1 << 20;

/**
 * A producer with the partition's transactional id. Its first transaction makes Kafka finish or abort what an earlier
 * owner left, and refuse that owner from now on: only after this is the committed offset the last word.
 */
export async function openFencedProducer(kafka: Kafka, groupId: string, partition: number): Promise<Producer> {
  const producer = createProducer(kafka, `${groupId}-${partition}`);
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.abort();
  return producer;
}

export function openProcessor(context: PartitionContext, deps: ProcessorDependencies): PartitionProcessor {
  const { config, metrics, kafkaConfig, producer } = deps;
  const { windowMs } = config;

  const { offset: committedOffset, metadata } = context.committed;
  const checkpoint =
    committedOffset !== undefined && metadata !== '' ? decodeCheckpoint(committedOffset, metadata) : undefined;
  const set = createWindowSet(new Map(checkpoint?.highWater));
  set.closedUpToMs = checkpoint?.closedUpToMs ?? -Infinity;
  const bounds = { windows: OPEN_WINDOWS_MAX, flows: config.maxOpenFlows };
  const evictions = new Map(checkpoint?.evictions);
  const sink = createFlowSink(SINK_BYTES);
  /** Of letters that were sent since the last commit. */
  const letters: ReturnType<typeof letterEntry>[] = [];
  let nextOffset = Number(context.position);
  let committedUpTo = nextOffset;
  let lastMessageAt = Date.now();

  async function add(message: KafkaMessage): Promise<void> {
    const offset = Number(message.offset);
    evictAgain(set, evictions, offset);
    let result: AddResult;
    try {
      result = addBatch(set, message.value, offset, windowMs, (startMs) => isWanted(checkpoint, offset, startMs));
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      await deps.deadLetter.send(context, message, error);
      letters.push(letterEntry(message, error));
      nextOffset = offset + 1;
      return;
    }
    nextOffset = offset + 1;
    if (result.duplicate) metrics.duplicates.inc();
    metrics.samples.inc(result.samples);
    metrics.late.inc(result.lateSamples);
  }

  function isIdle(now: number): boolean {
    return now - lastMessageAt >= config.idleTimeoutMs;
  }

  /** Event time drives; an idle partition goes by the wall clock, so that the last windows of a quiet network close too. */
  function watermarkMs(): number {
    const now = Date.now();
    return (isIdle(now) ? now : Math.min(set.newestMs, now)) - config.allowedLatenessMs;
  }

  async function emitDue(): Promise<void> {
    // While reading again, windows must first be whole.
    if (checkpoint && nextOffset < checkpoint.readUpTo) return;
    evictAgain(set, evictions, nextOffset);
    const watermark = watermarkMs();
    const due = dueWindows(set, watermark, windowMs, bounds);
    metrics.early.inc(due.filter(({ startMs }) => startMs + windowMs > watermark).length);
    for (const window of due) close(window);
    const [newest] = set.windows.values();
    if (newest && set.windows.size === 1 && sizeOf(newest) > bounds.flows) due.push(shrink(newest));
    // What made no window (undecodable, seen before) is committed when things are quiet, or it would be read at each start.
    const tail = set.windows.size === 0 && nextOffset > committedUpTo && isIdle(Date.now());
    if (due.length === 0 && !tail) return;
    await emit(due);
    metrics.openFlows.set({ partition: context.partition }, openFlows());
  }

  function close(window: Window): void {
    set.windows.delete(window.startMs);
    set.closedUpToMs = Math.max(set.closedUpToMs, window.startMs + windowMs);
  }

  /** @returns what is to go out: its smallest flows, or all of it */
  function shrink(window: Window): Window {
    const eviction = chooseEviction(set, window, nextOffset);
    if (eviction && sizeOf(window) < 2 * window.flows.count) {
      const smallest = evict(window, eviction);
      metrics.earlyFlows.inc(smallest.flows.count);
      return smallest;
    }
    metrics.early.inc();
    close(window);
    return window;
  }

  async function emit(windows: Window[]): Promise<void> {
    const next = makeCheckpoint(set, nextOffset);
    const transaction = await producer.transaction();
    let count = 0;
    try {
      let messages: (FlowMessage & { partition: number })[] = [];
      const send = async () => {
        if (messages.length === 0) return;
        const sending = messages;
        messages = [];
        await transaction.send({
          topic: topicNames.flows,
          acks: -1,
          compression: compressionTypes[kafkaConfig.compression],
          messages: sending,
        });
        sink.length = 0;
        await context.heartbeat();
      };
      for (const window of windows) {
        for (let row = 0; row < window.flows.count; row++) {
          messages.push({
            partition: context.partition % deps.flowPartitions,
            ...writeFlow(sink, window, row, config.communityId),
          });
          count++;
          if (messages.length >= MESSAGES_PER_SEND) await send();
        }
      }
      await send();
      const entries = [...emittedEntries(windows, set.windows.values()), ...letters];
      for (let from = 0; from < entries.length; from += MESSAGES_PER_SEND)
        await transaction.send({
          topic: topicNames.ledger,
          acks: -1,
          compression: compressionTypes[kafkaConfig.compression],
          // Not by key: where a transaction has written, its end takes an offset, and so there is one at most behind the last entry.
          messages: entries
            .slice(from, from + MESSAGES_PER_SEND)
            .map((entry) => ({ ...entry, partition: context.partition % deps.ledgerPartitions })),
        });
      const offsets = [{ partition: context.partition, offset: String(next.offset), metadata: encodeCheckpoint(next) }];
      await transaction.sendOffsets({
        consumerGroupId: config.groupId,
        topics: [{ topic: context.topic, partitions: offsets }],
      });
      if (context.abandoned) throw new Error('the partition was reassigned');
      await transaction.commit();
    } catch (error) {
      if (transaction.isActive()) await transaction.abort();
      throw error;
    }
    metrics.flows.inc(count);
    letters.length = 0;
    committedUpTo = nextOffset;
  }

  function openFlows(): number {
    let count = 0;
    for (const window of set.windows.values()) count += window.flows.count;
    return count;
  }

  function isFull(): boolean {
    let size = 0;
    for (const window of set.windows.values()) size += sizeOf(window);
    return size > bounds.flows || set.windows.size > bounds.windows;
  }

  return {
    async process(messages) {
      if (messages.length > 0) lastMessageAt = Date.now();
      for (const message of messages) {
        await add(message);
        if (isFull()) await emitDue();
      }
      metrics.openFlows.set({ partition: context.partition }, openFlows());
      await emitDue();
    },
    tick: emitDue,
    dispose: () => producer.disconnect(),
  };
}
