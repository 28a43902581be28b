// receiver: sFlow v5 datagrams of switches and hosts → tcxflow.raw-samples.v1, tcxflow.counters.v1 and tcxflow.drops.v1.

import { createKafka, createKafkaGate } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { createReloadSignal } from '../reload-signal.ts';
import { type ReceiverServiceConfig, receiverSchema } from './config.ts';
import { createIntake } from './intake.ts';
import { createReceiverMetrics } from './metrics.ts';
import { createPublisher } from './publisher.ts';
import { createSockets } from './sockets.ts';

function build({ config, log, metrics, reload }: ServiceContext<ReceiverServiceConfig>): Component[] {
  const { kafka, receiver } = config;
  const receiverMetrics = createReceiverMetrics(metrics);
  const producer = createRenewingProducer(createKafka(kafka, 'receiver', log));
  const publisher = createPublisher({
    ...{ producer, compression: kafka.compression, queueBytes: receiver.queueBytes, metrics: receiverMetrics, log },
  });
  const intake = createIntake(receiver, receiverMetrics, publisher.push);
  const sockets = createSockets({ config: receiver, intake, metrics: receiverMetrics, log });
  const signals = createReloadSignal('lists', () => intake.allow(reload().receiver), log);
  // Stopped in reverse: sockets first, then what waits is sent.
  return [createKafkaGate(kafka, log), producer, publisher, sockets, signals];
}

export const receiverService: ServiceDefinition<typeof receiverSchema> = {
  name: 'receiver',
  about: 'Receives sFlow v5 of switches and other agents.',
  schema: receiverSchema,
  build,
};

if (import.meta.main) process.exitCode = await runService(receiverService, process.argv.slice(2));
