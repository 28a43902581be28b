// What capture has made, on its way to Kafka: a bounded queue in memory, and a bounded spool on disk for when Kafka is away
// or slow. Live messages go first; what is in the spool follows when none waits.

import type { KafkaConfig } from '@tcxflow/common/config.ts';
import { compressionTypes, delay } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import type { Kafka } from 'kafkajs';
import type { PublisherMetrics } from './metrics.ts';
import type { Spool } from './spool/spool.ts';

export interface Outgoing {
  topic: string;
  key: string;
  value: Buffer;
  /** Samples inside, for the accounts. */
  samples: number;
  /** Called when Kafka or the disk has the message: its memory is then used again. Not called after a request that failed. */
  release?: (() => void) | undefined;
}

export interface Publisher extends Component {
  /** Takes it always: to memory, else to disk; without a spool the bound is kept by pausing the ring that samples come from. */
  push(message: Outgoing): void;
  /** Without a spool, takes it unless the queue is full: for what the next message says again, as cumulative counters do. */
  offer(message: Outgoing): void;
  queuedBytes(): number;
}

export interface PublisherOptions {
  kafka: Kafka;
  compression: KafkaConfig['compression'];
  /** Resolves when Kafka answers and has the topics. */
  waitForKafka: (signal: AbortSignal) => Promise<void>;
  queueBytes: number;
  /** Called at the start; undefined: there is none. */
  openSpool: (() => Spool) | undefined;
  /** Without a spool: called when the queue has become full, and when it has room again. */
  onPressure: (full: boolean) => void;
  metrics: PublisherMetrics;
  log: Logger;
}

const SEND_BYTES_MAX = 2 << 20;
const RETRY_MS = 500;
/** Between requests: what comes meanwhile goes together, since a request costs far more than the samples in it. */
const SEND_EVERY_MS = 25;

export function createPublisher(options: PublisherOptions): Publisher {
  const { metrics, log } = options;
  let spool: Spool | undefined;
  const queue: Outgoing[] = [];
  const stopped = new AbortController();
  const hurry = new AbortController();
  const problems = throttled(10_000);
  const producer = createRenewingProducer(options.kafka);
  let queuedBytes = 0;
  let full = false;
  /** Kafka did not take the last request: all goes to the spool until it does. */
  let away = false;
  let ending = false;
  /** Counts what gives the loop something to do, so that nothing that comes while it looks is missed. */
  let calls = 0;
  let resume: () => void = () => undefined;
  let loop: Promise<void> = Promise.resolve();

  function account(bytes: number): void {
    queuedBytes += bytes;
    metrics.queueBytes.set(queuedBytes);
    if (spool) return;
    const next = full ? queuedBytes > options.queueBytes / 2 : queuedBytes > options.queueBytes;
    if (next === full) return;
    full = next;
    const message = full ? 'queue to kafka is full; sampling waits in the ring' : 'queue to kafka has room again';
    log[full ? 'warn' : 'info']({ queuedBytes }, message);
    options.onPressure(full);
  }

  function toSpool(to: Spool, message: Outgoing): void {
    to.append(message);
    metrics.spooled.inc(message.samples);
    showSpool();
  }

  function showSpool(): void {
    metrics.spoolBytes.set(spool?.bytes ?? 0);
    metrics.spoolSamples.set(spool?.samples ?? 0);
  }

  function push(message: Outgoing): void {
    if (spool && (away || queuedBytes + message.value.length > options.queueBytes)) {
      toSpool(spool, message);
      message.release?.();
    } else {
      queue.push(message);
      account(message.value.length);
    }
    wake();
  }

  function wake(): void {
    calls++;
    resume();
  }

  /** Messages from the front that make one request. */
  function nextSend(): Outgoing[] {
    let bytes = 0;
    let count = 0;
    for (const message of queue) {
      bytes += message.value.length;
      if (count > 0 && bytes > SEND_BYTES_MAX) break;
      count++;
    }
    return queue.slice(0, count);
  }

  async function send(batch: readonly Outgoing[]): Promise<void> {
    const byTopic = Map.groupBy(batch, (message) => message.topic);
    try {
      await producer.sendBatch({
        compression: compressionTypes[options.compression],
        topicMessages: [...byTopic].map(([topic, group]) => ({
          topic,
          messages: group.map(({ key, value }) => ({ key, value })),
        })),
      });
    } catch (error) {
      // Parts of the request may still wait in a socket, where they are not to change.
      for (const message of batch) message.release = undefined;
      throw error;
    }
    for (const message of batch) {
      metrics.published.inc(message.samples);
      metrics.messages.inc({ topic: message.topic });
      message.release?.();
    }
  }

  /** Live messages, else some of the spool. @returns false when there is nothing to send */
  async function sendSome(): Promise<boolean> {
    const batch = nextSend();
    if (batch.length > 0) {
      await send(batch);
      queue.splice(0, batch.length);
      account(-batch.reduce((sum, message) => sum + message.value.length, 0));
      return true;
    }
    const records = ending ? [] : (spool?.peek(SEND_BYTES_MAX) ?? []);
    if (records.length === 0) return false;
    await send(records);
    spool?.acknowledge(records.length);
    showSpool();
    return true;
  }

  /** What waits in memory goes to disk, where a kill does not reach it. */
  function spill(): void {
    for (const message of queue.splice(0)) {
      account(-message.value.length);
      if (spool) toSpool(spool, message);
      else metrics.givenUp.inc({ cause: 'not_published' }, message.samples);
    }
  }

  async function run(): Promise<void> {
    await options.waitForKafka(stopped.signal);
    while (!stopped.signal.aborted) {
      const callsBefore = calls;
      try {
        const sent = await sendSome();
        if (sent && away) log.info({ spooledSamples: spool?.samples ?? 0 }, 'kafka takes samples again');
        if (sent) away = false;
        if (sent) await delay(SEND_EVERY_MS, hurry.signal);
        else if (ending && queue.length === 0) return;
        else if (calls === callsBefore)
          await new Promise<void>((resolve) => {
            resume = resolve;
          });
      } catch (error) {
        metrics.failures.inc();
        problems((skipped) =>
          log.warn({ err: error, queuedBytes, skipped }, 'kafka did not take the samples; trying again'),
        );
        if (spool) {
          away = true;
          spill();
          if (ending) return;
        }
        await delay(RETRY_MS, stopped.signal);
      }
    }
  }

  return {
    name: 'publisher',
    start() {
      spool = options.openSpool?.();
      if (spool && spool.records > 0)
        log.info({ samples: spool.samples, bytes: spool.bytes }, 'the spool has samples of an earlier run');
      showSpool();
      loop = run().catch((error: unknown) => {
        if (!stopped.signal.aborted) throw error;
      });
    },
    push,
    offer(message) {
      if (full) metrics.dropped.inc({ topic: message.topic });
      else push(message);
    },
    queuedBytes: () => queuedBytes,
    async stop(signal) {
      ending = true;
      hurry.abort();
      wake();
      // A send may be under way that kafkajs tries for longer than the deadline: it is not waited for then.
      const expired = new Promise<void>((resolve) => {
        const giveUp = () => {
          stopped.abort();
          resolve();
        };
        if (signal.aborted) giveUp();
        else signal.addEventListener('abort', giveUp, { once: true });
      });
      await Promise.race([loop, expired]);
      const left = queue.reduce((sum, message) => sum + message.samples, 0);
      if (left > 0 && !spool)
        log.error({ samples: left, cause: 'not_published' }, 'samples lost: kafka did not take them in time');
      spill();
      spool?.close();
      await producer.stop(signal);
    },
  };
}
