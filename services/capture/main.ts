// capture: kernel samples and interface counters of this host → tcxflow.raw-samples.v1 and tcxflow.counters.v1.

import { createKafka, createKafkaGate } from '@tcxflow/common/kafka.ts';
import type { Component, Fail } from '@tcxflow/common/lifecycle.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { countersCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { readClockOffset } from 'libbpf-ts/links.ts';
import { createBatchBuilder } from './batch-builder.ts';
import { type CaptureServiceConfig, captureSchema } from './config.ts';
import { createCounterPoller } from './counters.ts';
import { createIdentity } from './identity.ts';
import { createPublisher } from './publisher.ts';
import { createSampler, type Sampler } from './sampler.ts';

function build({ config, log, metrics, fail }: ServiceContext<CaptureServiceConfig>): Component[] {
  const { capture } = config;
  const kafka = createKafka(config.kafka, 'capture', log);
  const identity = createIdentity(capture);
  const publisher = createPublisher({
    kafka,
    kafkaConfig: config.kafka,
    queueBytes: capture.queueBytes,
    onPressure: (full) => sampler.setPaused(full),
    metrics,
    log,
  });
  const builder = createBatchBuilder({
    identity,
    batchSamples: capture.batchSamples,
    readClock: readClockOffset,
    emit: (batch, samples) =>
      publisher.push({
        topic: topicNames.rawSamples,
        key: identity.agent,
        value: sampleBatchCodec.encode(batch),
        samples,
      }),
  });
  const sampler: Sampler = createSampler(capture, builder, metrics, log);
  const poller = createCounterPoller({
    identity,
    intervalMs: capture.countersIntervalMs,
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
  log.info({ agent: identity.agent, bootId: identity.bootId.toString('hex') }, 'agent identity');
  return [createKafkaGate(config.kafka, log), publisher, sampler, poller, quiesceOnSignal(sampler, poller, fail)];
}

/** SIGUSR1: detach from all interfaces and publish what is left, but stay up, so that the counters can be compared. */
function quiesceOnSignal(sampler: Sampler, poller: Component, fail: Fail): Component {
  const quiesce = () =>
    void sampler
      .quiesce()
      .then(() => poller.stop(AbortSignal.abort()))
      .catch(fail);
  return {
    name: 'quiesce signal',
    start: () => void process.on('SIGUSR1', quiesce),
    stop: () => void process.off('SIGUSR1', quiesce),
  };
}

export const captureService: ServiceDefinition<typeof captureSchema> = {
  name: 'capture',
  about: 'Samples packets at the TCX hooks of the configured interfaces and publishes them to Kafka.',
  schema: captureSchema,
  build,
};

if (import.meta.main) process.exitCode = await runService(captureService, process.argv.slice(2));
