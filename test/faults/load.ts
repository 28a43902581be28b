// The known load: each host has a publisher of its own, capture's, with a queue in memory and a spool on disk.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPublisherMetrics } from '@tcxflow/capture/metrics.ts';
import { createPublisher, type Publisher } from '@tcxflow/capture/publisher.ts';
import { openSpool, type Spool } from '@tcxflow/capture/spool/spool.ts';
import { commonSections, type KafkaConfig } from '@tcxflow/common/config.ts';
import { createKafka, waitForKafka } from '@tcxflow/common/kafka.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import { createHost, type Host, makeTrafficFlows } from './traffic.ts';
import type { Truth } from './truth.ts';

export interface LoadOptions {
  brokers: string[];
  partitions: number;
  folder: string;
  hosts: number;
  /** Of a batch; there are `1000 / BATCH_MS` of them a second and host. */
  samplesMax: number;
  random: Random;
  truth: Truth;
  log: Logger;
}

export interface Load {
  readonly hosts: readonly Host[];
  /** No new samples. Resolves when Kafka has all. @returns false when it does not within the time */
  stop(withinMs: number): Promise<boolean>;
}

const BATCH_MS = 200;
const QUEUE_BYTES = 64 << 10;
const RESTART_PERCENT = 0.3;
const PUBLISH_RETRIES = 5;
const SPOOL_BYTES = 256 << 20;
const DAY_MS = 86_400_000;

interface Sender {
  host: Host;
  publisher: Publisher;
  spool: Spool | undefined;
  samplesLost: number;
}

export async function startLoad(options: LoadOptions): Promise<Load> {
  const flows = makeTrafficFlows(options.random);
  const config = { ...commonSections.kafka.parse({}), brokers: options.brokers, partitions: options.partitions };
  await waitForKafka(config, options.log, new AbortController().signal);
  const senders = Array.from({ length: options.hosts }, (_, index) => {
    const random = seededRandom(options.random.below(2 ** 31));
    const host = createHost({ ...options, number: index + 1, flows, random });
    return openSender(host, config, options);
  });
  for (const { publisher } of senders) await publisher.start();
  let lastMs = Date.now();
  const timer = setInterval(() => {
    const nowMs = Date.now();
    for (const { host, publisher } of senders) {
      if (options.random.below(1000) < RESTART_PERCENT * 10) host.restart();
      const { message, samples } = host.next(lastMs, nowMs);
      publisher.push({ topic: topicNames.rawSamples, key: host.agent, value: message, samples });
    }
    lastMs = nowMs;
  }, BATCH_MS);
  return {
    hosts: senders.map(({ host }) => host),
    async stop(withinMs) {
      clearInterval(timer);
      for (const until = Date.now() + withinMs; Date.now() < until; await sleep(100)) {
        const waits = senders.some(({ publisher, spool }) => publisher.queuedBytes() > 0 || (spool?.records ?? 0) > 0);
        if (!waits) break;
      }
      for (const { publisher } of senders) await publisher.stop(AbortSignal.timeout(5000));
      return senders.every(({ spool, samplesLost }) => samplesLost === 0 && (spool?.records ?? 0) === 0);
    },
  };
}

function openSender(host: Host, config: KafkaConfig, { folder, log }: LoadOptions): Sender {
  const sender: Partial<Sender> = { host, spool: undefined, samplesLost: 0 };
  sender.publisher = createPublisher({
    kafka: createKafka(config, host.agent, log, PUBLISH_RETRIES),
    compression: config.compression,
    waitForKafka: (signal) => waitForKafka(config, log, signal),
    queueBytes: QUEUE_BYTES,
    openSpool() {
      sender.spool = openSpool({
        folder: join(folder, 'spool', host.agent),
        maxBytes: SPOOL_BYTES,
        maxAgeMs: DAY_MS,
        onLost(cause, { samples }) {
          sender.samplesLost = (sender.samplesLost ?? 0) + samples;
          log.error({ agent: host.agent, cause, samples }, 'the load lost samples');
        },
        log,
      });
      return sender.spool;
    },
    onPressure: () => undefined,
    metrics: createPublisherMetrics(createMetrics('capture'), { queueBytes: QUEUE_BYTES, spoolBytes: SPOOL_BYTES }),
    log,
  });
  return sender as Sender;
}
