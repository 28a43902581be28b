// Consumes topics of a group partition by partition. Each assigned partition gets a processor that starts from the
// committed offset and its metadata; after any rebalance all processors are abandoned and made anew, as kafkajs then
// reads again from the committed offsets. Processors commit themselves; nothing is committed for them.

import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { coPartitioning } from './co-partitioning.ts';
import { joined } from './joined.ts';
import { delay } from './kafka.ts';
import type { Component, Fail } from './lifecycle.ts';
import { type Logger, throttled } from './logger.ts';
import type { Metrics } from './metrics.ts';

export interface Committed {
  /** Next offset to read; undefined when the group never committed. */
  offset: string | undefined;
  metadata: string;
}

/** A processor's way out. */
export interface PartitionContext {
  readonly topic: string;
  readonly partition: number;
  readonly committed: Committed;
  /** Offset that reading starts from. */
  readonly position: string;
  /** True after a rebalance or stop: whatever is still under way must not be committed. */
  readonly abandoned: boolean;
  /** Fires when the service is about to end: what may take long is then given up, and read again after the next start. */
  readonly stopping: AbortSignal;
  /** Commits unless abandoned, or the consumer ended. @returns whether Kafka has it */
  commit(offset: string, metadata: string): Promise<boolean>;
  /** Keeps the group membership alive during long work. */
  heartbeat(): Promise<void>;
}

export interface PartitionProcessor {
  /** Messages in order; resolves when more may come. */
  process(messages: KafkaMessage[]): Promise<void>;
  /** Called from a timer for what is due without new messages. */
  tick?(): Promise<void>;
  /** Graceful end: finish and commit what can be. Not called after a rebalance. */
  close?(): Promise<void>;
  /** Free what the processor holds (producers …); no more calls follow. */
  dispose?(): Promise<void>;
}

export interface PartitionConsumerOptions {
  kafka: Kafka;
  groupId: string;
  topics: readonly string[];
  sessionTimeoutMs: number;
  /** Before the committed offset is read: fence off an earlier owner whose commit may still be under way. */
  fence?(partition: number): Promise<void>;
  open(context: PartitionContext): Promise<PartitionProcessor>;
  log: Logger;
  metrics: Metrics;
  fail: Fail;
  /** Partitions processed at the same time. Default 4. */
  concurrency?: number;
  tickMs?: number;
  /** The same member gets partition p of all topics. */
  coPartitioned?: boolean;
  /** Largest fetch of all partitions together. Default 16 MiB: the bound of what waits in memory. */
  maxBytes?: number;
  /** Where reading begins without a committed offset: with messages of this time (ms since 1970). Default: the oldest there are. */
  sinceMs?: () => number;
}

const HEARTBEAT_MS = 1000;
const MAX_WAIT_MS = 250;
/** A fetch waits for so much as long as it may: the cost of a request is that of decoding hundreds of samples. */
const FETCH_BYTES_MIN = 1 << 20;
const RECREATE_MS = 1000;

interface Commit {
  entry: Parameters<Consumer['commitOffsets']>[0][number];
  /** What waited must not be committed after a rebalance either. */
  isLate(): boolean;
}

interface Slot {
  context: PartitionContext & { abandoned: boolean };
  processor: PartitionProcessor;
  /** The processor has all before it. */
  nextOffset: number;
  /** Calls of one processor never overlap. */
  queue: Promise<void>;
}

export function createPartitionConsumer(options: PartitionConsumerOptions): Component {
  const { kafka, groupId, topics, log, fail } = options;
  const lag = options.metrics.gauge('lag_messages', 'Messages not yet processed', ['topic', 'partition']);
  const rebalances = options.metrics.counter('rebalances_total', 'Assignments received');
  const failures = options.metrics.counter('restarts_total', 'Partitions read again after a failure');
  const slots = new Map<string, Promise<Slot>>();
  /** Partition → the offset that Kafka took last. kafkajs resolves a commit also when it ended meanwhile and sent nothing. */
  const taken = new Map<string, string>();
  const onProblem = throttled(10_000);
  const admin = kafka.admin();
  const stopping = new AbortController();
  let generation = 0;
  let timer: NodeJS.Timeout | undefined;
  let consumer = createConsumer();
  const commit = joined<Commit>(
    async (commits) => {
      const entries = commits.filter(({ isLate }) => !isLate()).map(({ entry }) => entry);
      if (entries.length > 0) await consumer.commitOffsets(entries);
    },
    { weightOf: () => 1, maxWeight: Infinity },
  );

  function createConsumer(): Consumer {
    const created = kafka.consumer({
      groupId,
      ...(options.coPartitioned ? { partitionAssigners: [coPartitioning] } : {}),
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      minBytes: FETCH_BYTES_MIN,
      maxBytes: options.maxBytes ?? 8 << 20,
      maxBytesPerPartition: 2 << 20,
      allowAutoTopicCreation: false,
      retry: { retries: 30, initialRetryTime: 100, maxRetryTime: 5000, restartOnFailure: async () => true },
    });
    created.on(created.events.GROUP_JOIN, ({ payload }) => {
      rebalances.inc();
      log.info({ assignment: payload.memberAssignment }, 'partitions assigned');
      void abandonAll().catch(fail);
    });
    created.on(created.events.COMMIT_OFFSETS, ({ payload }) => {
      for (const { topic, partitions } of payload.topics)
        for (const { partition, offset } of partitions) taken.set(`${topic}/${partition}`, String(offset));
    });
    // kafkajs goes on by itself after errors that it holds for passing; a broker that is away for longer is not among them.
    created.on(created.events.CRASH, ({ payload: { error, restart: restarts } }) => {
      if (!restarts && created === consumer && !stopping.signal.aborted) void recreate(error).catch(fail);
    });
    return created;
  }

  async function subscribeAndRun(): Promise<void> {
    await consumer.connect();
    for (const topic of topics) await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: options.concurrency ?? 4,
      eachBatch: onBatch,
    });
  }

  async function recreate(reason: Error): Promise<void> {
    log.warn({ err: reason }, 'the consumer ended; joining the group again');
    await abandonAll();
    for (;;) {
      const ended = consumer;
      consumer = createConsumer();
      await ended.disconnect().catch((err: unknown) => log.debug({ err }, 'disconnecting what had ended'));
      await delay(RECREATE_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        await subscribeAndRun();
        return;
      } catch (err) {
        onProblem((skipped) => log.warn({ err, skipped }, 'cannot join the group yet; trying again'));
      }
    }
  }

  /** Where a partition goes on: the committed offset, else where reading begins. */
  async function readCommitted(topic: string, partition: number): Promise<{ committed: Committed; position: string }> {
    const byTopic = await admin.fetchOffsets({ groupId, topics: [topic] });
    const entry = byTopic[0]?.partitions.find((candidate) => candidate.partition === partition);
    const metadata = entry?.metadata ?? '';
    if (entry && entry.offset !== '-1')
      return { committed: { offset: entry.offset, metadata }, position: entry.offset };
    return { committed: { offset: undefined, metadata }, position: await readStart(topic, partition) };
  }

  async function readStart(topic: string, partition: number): Promise<string> {
    if (options.sinceMs) {
      const since = await admin.fetchTopicOffsetsByTimestamp(topic, options.sinceMs());
      return since.find((candidate) => candidate.partition === partition)?.offset ?? '0';
    }
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.find((candidate) => candidate.partition === partition)?.low ?? '0';
  }

  /** The fetch that brought us here may be of another generation: only what comes after the seek counts. */
  async function openSlot(topic: string, partition: number, heartbeat: () => Promise<void>): Promise<Slot> {
    const mine = generation;
    await options.fence?.(partition);
    const { committed, position } = await readCommitted(topic, partition);
    const context: Slot['context'] = {
      topic,
      partition,
      committed,
      position,
      abandoned: false,
      stopping: stopping.signal,
      async commit(offset, metadata) {
        const isLate = () => context.abandoned || mine !== generation;
        if (isLate()) return false;
        taken.delete(`${topic}/${partition}`);
        await commit({ entry: { topic, partition, offset, metadata }, isLate });
        return taken.get(`${topic}/${partition}`) === offset;
      },
      heartbeat,
    };
    const processor = await options.open(context);
    const slot = { context, processor, nextOffset: Number(position), queue: Promise.resolve() };
    consumer.seek({ topic, partition, offset: position });
    return slot;
  }

  /** Runs after what this processor does already; not at all once it is abandoned. */
  function enqueue(slot: Slot, work: () => Promise<void>): Promise<void> {
    const run = slot.queue.then(() => (slot.context.abandoned ? undefined : work()));
    slot.queue = run.catch(() => undefined); // whoever asked for the work gets the error; the queue goes on
    return run;
  }

  async function abandon(slot: Slot): Promise<void> {
    slot.context.abandoned = true;
    await slot.queue;
    await slot.processor.dispose?.();
  }

  async function abandonAll(): Promise<void> {
    generation++;
    const old = [...slots.values()];
    slots.clear();
    lag.reset();
    await Promise.allSettled(old.map(async (pending) => abandon(await pending)));
  }

  async function close(pending: Promise<Slot>): Promise<void> {
    const slot = await pending;
    try {
      await enqueue(slot, async () => slot.processor.close?.());
    } finally {
      await abandon(slot);
    }
  }

  /** A processor that failed may hold half of its work: drop it and read again from the committed offset. */
  async function restart(key: string, slot: Slot, error: unknown): Promise<void> {
    failures.inc();
    onProblem((skipped) =>
      log.warn({ err: error, skipped, partition: key }, 'processing failed; reading again from the committed offset'),
    );
    if (slot.context.abandoned) return;
    slots.delete(key);
    const { topic, partition, position } = slot.context;
    try {
      // At once: a seek that comes when the partition is open again would give its messages twice. Opening it seeks the committed
      // offset; this one only makes something come.
      consumer.seek({ topic, partition, offset: position });
    } finally {
      await abandon(slot);
    }
  }

  /** kafkajs gives a batch again when something failed after it, as the heartbeat; the processor has its messages then. */
  async function processNew(slot: Slot, messages: KafkaMessage[]): Promise<void> {
    // Before where reading began is only what comes when the topic was made anew.
    const isAnew = Number(messages[0]?.offset) < Number(slot.context.position);
    const first = isAnew ? 0 : messages.findIndex(({ offset }) => Number(offset) >= slot.nextOffset);
    if (first < 0) return;
    slot.nextOffset = Number(messages.at(-1)?.offset) + 1;
    await slot.processor.process(first === 0 ? messages : messages.slice(first));
  }

  function tick(): void {
    for (const [key, pending] of slots)
      pending
        .then((slot) =>
          enqueue(slot, async () => slot.processor.tick?.()).catch((error: unknown) => restart(key, slot, error)),
        )
        .catch((error: unknown) =>
          onProblem((skipped) => log.warn({ err: error, skipped }, 'restarting a partition failed')),
        );
  }

  async function onBatch({ batch, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    if (stopping.signal.aborted || isStale()) return;
    const key = `${batch.topic}/${batch.partition}`;
    const pending = slots.get(key);
    if (!pending) {
      const opening = openSlot(batch.topic, batch.partition, heartbeat);
      slots.set(key, opening);
      opening.catch(() => slots.delete(key));
      await opening;
      return;
    }
    const slot = await pending;
    // A long insert must not cost the membership. What a heartbeat answers is seen by the one at the end of this function.
    const beat = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
    try {
      await enqueue(slot, () => processNew(slot, batch.messages));
    } catch (error) {
      await restart(key, slot, error);
      throw error; // kafkajs waits before it fetches again, and rejoins when the group is rebalancing
    } finally {
      clearInterval(beat);
    }
    lag.set({ topic: batch.topic, partition: batch.partition }, Math.max(0, Number(batch.offsetLag())));
    await heartbeat();
  }

  return {
    name: `consumer ${groupId}`,
    async start() {
      await admin.connect();
      await subscribeAndRun();
      timer = setInterval(tick, options.tickMs ?? 250);
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      // Commits need the membership, so processors close before the consumer leaves; which it does whatever became of them.
      const closed = await Promise.allSettled([...slots.values()].map(close));
      slots.clear();
      for (const result of closed)
        if (result.status === 'rejected')
          log.warn({ err: result.reason }, 'a partition was not closed; it is read again from the committed offset');
      await consumer.disconnect();
      await admin.disconnect();
    },
  };
}
