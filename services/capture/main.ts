// capture: kernel samples, interface counters and dropped packets of this host → tcxflow.raw-samples.v1, .counters.v1, .drops.v1.

import { createKafka, waitForKafka } from '@tcxflow/common/kafka.ts';
import type { Component, Fail } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { countersCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { readClockOffset } from 'libbpf-ts/links.ts';
import { keepMemorySmall } from 'libbpf-ts/memory.ts';
import { z } from 'zod';
import { createBatchBuilder } from './batch-builder.ts';
import { type CaptureConfig, type CaptureServiceConfig, captureSchema } from './config.ts';
import { createCounterPoller } from './counters.ts';
import { createDropWatch, type DropWatch } from './drops/drops.ts';
import { explainCommand } from './explain.ts';
import { createIdentity } from './identity.ts';
import { createCaptureLedger } from './ledger.ts';
import { createPublisherMetrics, createSamplerMetrics, createUnseenCounter, type PublisherMetrics } from './metrics.ts';
import { createOwnTraffic } from './own-traffic.ts';
import { describePrivileges, dropPrivileges } from './privileges.ts';
import { createPublisher } from './publisher.ts';
import { createSampler, type Sampler } from './sampler.ts';
import { openSpool, type Spool } from './spool/spool.ts';

const PUBLISH_RETRIES = 5;

function build({ config, log, metrics, fail, reload }: ServiceContext<CaptureServiceConfig>): Component[] {
  keepMemorySmall();
  const { capture } = config;
  // Few retries: when Kafka is away, the publisher wants to know.
  const kafka = createKafka(config.kafka, 'capture', log, PUBLISH_RETRIES);
  const identity = createIdentity(capture);
  const publisherMetrics = createPublisherMetrics(metrics, capture);
  const publisher = createPublisher({
    kafka,
    compression: config.kafka.compression,
    // Sampling does not wait for Kafka: the queue and the spool do.
    waitForKafka: (signal) => waitForKafka(config.kafka, log, signal),
    queueBytes: capture.queueBytes,
    openSpool: capture.spoolBytes > 0 ? () => openCaptureSpool(capture, publisherMetrics, log) : undefined,
    onPressure: (full) => {
      sampler.setPaused(full);
      drops.setPaused(full);
    },
    metrics: publisherMetrics,
    log,
  });
  const builder = createBatchBuilder({
    identity,
    batchSamples: capture.batchSamples,
    readClock: readClockOffset,
    emit: (value, samples, release) =>
      publisher.push({ topic: topicNames.rawSamples, key: identity.agent, value, samples, release }),
  });
  const sampler: Sampler = createSampler({
    config: capture,
    builder,
    onMetadata: (metadata) => poller.tell(metadata),
    metrics: createSamplerMetrics(metrics),
    log,
    fail,
  });
  const drops = createDropWatch({
    config: capture.drops,
    identity,
    lingerMs: capture.lingerMs,
    stateIntervalMs: capture.countersIntervalMs,
    emit: (value) => publisher.push({ topic: topicNames.drops, key: identity.agent, value, samples: 0 }),
    metrics,
    log,
  });
  const poller = createCounterPoller({
    identity,
    intervalMs: capture.countersIntervalMs,
    unseen: createUnseenCounter(metrics),
    sampler,
    emit: (counters) =>
      publisher.offer({
        topic: topicNames.counters,
        key: identity.agent,
        value: countersCodec.encode(counters),
        samples: 0,
      }),
    log,
  });
  const ledger = createCaptureLedger({
    identity,
    intervalMs: capture.countersIntervalMs,
    metrics: publisherMetrics,
    emit: (value) => publisher.push({ topic: topicNames.ledger, key: identity.agent, value, samples: 0 }),
    log,
  });
  log.info({ agent: identity.agent, bootId: identity.bootId.toString('hex') }, 'agent identity');
  const privileges = describePrivileges();
  log[privileges.stillRoot ? 'warn' : 'info'](privileges, 'privileges');
  const { kafka: kafkaConfig, clickhouse } = config;
  const ownTraffic =
    capture.ownTraffic === 'exclude'
      ? [
          createOwnTraffic({
            kafka: kafkaConfig,
            clickhouse,
            collectors: collectorsOf((config as { sflow?: unknown }).sflow),
            sampler,
            log,
          }),
        ]
      : [];
  const signals = onSignals({ sampler, drops, poller, readConfig: () => reload().capture, log, fail });
  return [publisher, sampler, drops, ...ownTraffic, poller, ledger, signals];
}

function openCaptureSpool(config: CaptureConfig, metrics: PublisherMetrics, log: Logger): Spool {
  return openSpool({
    folder: config.spoolFolder,
    maxBytes: config.spoolBytes,
    maxAgeMs: config.spoolMaxAgeMs,
    onLost: (cause, { samples }) => metrics.givenUp.inc({ cause }, samples),
    log,
  });
}

/** The section of the emitter, which shares the file; its own service validates it. */
function collectorsOf(section: unknown): string[] {
  const parsed = z.object({ collectors: z.array(z.string()) }).safeParse(section);
  return parsed.success ? parsed.data.collectors : [];
}

/**
 * SIGUSR1: detach from all interfaces and publish what is left, but stay up, so that the counters can be compared.
 * SIGHUP: take the rules of the configuration as it is now.
 */
function onSignals(options: {
  sampler: Sampler;
  drops: DropWatch;
  poller: Component;
  readConfig: () => CaptureConfig;
  log: Logger;
  fail: Fail;
}): Component {
  const { sampler, drops, poller, readConfig, log, fail } = options;
  const quiesce = () =>
    void Promise.all([sampler.quiesce(), drops.quiesce()])
      .then(() => poller.stop(AbortSignal.abort()))
      .catch(fail);
  const takeRules = () => {
    try {
      sampler.setRules(readConfig());
      log.info('rules of the configuration taken');
    } catch (error) {
      log.error({ err: error }, 'the configuration is not taken; the rules stay as they were');
    }
  };
  return {
    name: 'signals',
    start() {
      process.on('SIGUSR1', quiesce);
      process.on('SIGHUP', takeRules);
    },
    stop() {
      process.off('SIGUSR1', quiesce);
      process.off('SIGHUP', takeRules);
    },
  };
}

export const captureService: ServiceDefinition<typeof captureSchema> = {
  name: 'capture',
  about: 'Samples packets at the TCX hooks of the configured interfaces and publishes them to Kafka.',
  schema: captureSchema,
  commands: { explain: explainCommand },
  prepare: ({ capture }, configFile) => dropPrivileges(capture, configFile),
  build,
};

if (import.meta.main) process.exitCode = await runService(captureService, process.argv.slice(2));
