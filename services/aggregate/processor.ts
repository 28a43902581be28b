// One partition of decoded samples: fills windows, and emits the due ones together with the commit in one transaction.

import type { KafkaConfig } from '@tcxflow/common/config.ts';
import type { DeadLetter } from '@tcxflow/common/dead-letter.ts';
import { createProducer } from '@tcxflow/common/kafka.ts';
import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import { SchemaError } from '@tcxflow/schemas/avro.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Kafka, KafkaMessage, Producer } from 'kafkajs';
import { decodeCheckpoint, encodeCheckpoint, makeCheckpoint, OPEN_WINDOWS_MAX } from './checkpoint.ts';
import type { AggregateConfig } from './config.ts';
import { dueWindows, sizeOf } from './due-windows.ts';
import { chooseEviction, evict } from './eviction.ts';
import { createFlowSink, type FlowMessage, writeFlow } from './flow-writer.ts';
import { makeKeySet } from './key-set.ts';
import { emittedEntries, letterEntry } from './ledger.ts';
import type { AggregateMetrics } from './metrics.ts';
import { resume, setOf } from './resume.ts';
import { writeSummary } from './summary-writer.ts';
import type { Suspects } from './suspects.ts';
import { createTransactionSender, type TransactionSender } from './transaction-sender.ts';
import { type AddResult, addBatch, openWindows, type Window } from './windows.ts';

export interface ProcessorDependencies {
  /** Transactional, of this partition, fenced. */
  producer: Producer;
  kafkaConfig: KafkaConfig;
  config: AggregateConfig;
  flowPartitions: number;
  summaryPartitions: number;
  ledgerPartitions: number;
  deadLetter: DeadLetter;
  suspects: Suspects;
  metrics: AggregateMetrics;
}

/** What is sent at once, of ordinary length. */
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
  const keySets = config.keySets.map(makeKeySet);
  const { offset: committedOffset, metadata } = context.committed;
  const checkpoint =
    committedOffset !== undefined && metadata !== '' ? decodeCheckpoint(committedOffset, metadata, keySets) : undefined;
  /** Of flows. Windows that are open are finished as they were begun. */
  let windowMs = checkpoint?.windowMs ?? config.windowMs;
  const { set, retired, wantedAt, evictAgain } = resume(checkpoint, keySets);
  const bounds = { windows: OPEN_WINDOWS_MAX, flows: config.maxOpenFlows };
  const sink = createFlowSink(SINK_BYTES);
  /** Of letters that were sent since the last commit. */
  const letters: ReturnType<typeof letterEntry>[] = [];
  let nextOffset = Number(context.position);
  let committedUpTo = nextOffset;
  let lastMessageAt = Date.now();

  async function add(message: KafkaMessage): Promise<void> {
    const offset = Number(message.offset);
    evictAgain(offset);
    const guilt = deps.suspects.guilt(context, offset);
    if (guilt) return giveUp(message, guilt);
    let result: AddResult;
    try {
      result = addBatch(set, message.value, offset, windowMs, wantedAt(offset));
    } catch (error) {
      if (error instanceof SchemaError) return giveUp(message, error);
      deps.suspects.note(context, offset, error as Error);
      throw error;
    }
    nextOffset = offset + 1;
    if (result.duplicate) metrics.duplicates.inc();
    metrics.samples.inc(result.samples);
    metrics.late.inc(result.lateSamples);
  }

  /** Nothing of it is in any window. */
  async function giveUp(message: KafkaMessage, error: Error): Promise<void> {
    await deps.deadLetter.send(context, message, error);
    letters.push(letterEntry(message, error));
    nextOffset = Number(message.offset) + 1;
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
    evictAgain(nextOffset);
    const watermark = watermarkMs();
    const isChanged = windowMs !== config.windowMs;
    const due = dueWindows(set, watermark, bounds, isChanged ? [...retired, undefined] : retired);
    for (const window of due) if (window.startMs + window.windowMs > watermark) metrics.early.inc();
    for (const window of due) close(window);
    // A window of another length that was begun in one of these is not late.
    if (isChanged) set.closedUpToMs = Math.min(set.closedUpToMs, watermark);
    windowMs = config.windowMs;
    if (retired.length > 0) set.summaries = set.summaries.filter(({ keySet }) => !retired.includes(keySet));
    for (let open = openWindows(set); sum(open, sizeOf) > bounds.flows; open = openWindows(set))
      due.push(shrink(open.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a))));
    // What made no window (undecodable, seen before) is committed when things are quiet, or it would be read at each start.
    const tail = openWindows(set).length === 0 && nextOffset > committedUpTo && isIdle(Date.now());
    if (due.length === 0 && !tail) return;
    await emit(due);
    metrics.openFlows.set({ partition: context.partition }, openFlows());
  }

  function close({ keySet, startMs, windowMs: lengthMs }: Window): void {
    const of = setOf(set, keySet);
    of.windows.delete(startMs);
    of.closedUpToMs = Math.max(of.closedUpToMs, startMs + lengthMs);
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
    const next = makeCheckpoint(set, nextOffset, windowMs);
    const transaction = await producer.transaction();
    const sender = createTransactionSender(transaction, kafkaConfig.compression, async () => {
      sink.length = 0;
      await context.heartbeat();
    });
    try {
      for (const window of windows) await sendWindow(sender, window);
      await sender.to(topicNames.ledger);
      const flows = (all: Window[]) => all.filter(({ keySet }) => !keySet);
      for (const entry of [...emittedEntries(flows(windows), set.windows.values(), config.flows), ...letters]) {
        const full = sender.push({ ...entry, partition: context.partition % deps.ledgerPartitions });
        if (full) await full;
      }
      await sender.flush();
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
    for (const { keySet, flows } of windows)
      if (keySet) metrics.summaries.inc({ key_set: keySet.name }, flows.count);
      else if (config.flows) metrics.flows.inc(flows.count);
    letters.length = 0;
    committedUpTo = nextOffset;
    deps.suspects.forget(context, next.offset);
  }

  async function sendWindow(sender: TransactionSender, window: Window): Promise<void> {
    const { keySet } = window;
    if (!keySet && !config.flows) return;
    // Not by key: where a transaction has written, its end takes an offset, and so there is one at most behind the last message.
    const partition = context.partition % (keySet ? deps.summaryPartitions : deps.flowPartitions);
    await sender.to(keySet ? topicNames.flowSummaries : topicNames.flows);
    for (let row = 0; row < window.flows.count; row++) {
      const { key, value }: FlowMessage = keySet
        ? writeSummary(sink, window, keySet, row)
        : writeFlow(sink, window, row, config.communityId);
      const full = sender.push({ partition, key, value });
      if (full) await full;
    }
  }

  function openFlows(): number {
    return sum(openWindows(set), ({ flows }) => flows.count);
  }

  function isFull(): boolean {
    const open = openWindows(set);
    return sum(open, sizeOf) > bounds.flows || open.length > bounds.windows;
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

function sum(windows: readonly Window[], sizeIn: (window: Window) => number): number {
  return windows.reduce((total, window) => total + sizeIn(window), 0);
}
