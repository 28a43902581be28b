// sflow: tcxflow.raw-samples.v1 and tcxflow.counters.v1 → sFlow v5 datagrams to collectors.

import { createKafka, createKafkaGate } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import {
  createPartitionConsumer,
  type PartitionContext,
  type PartitionProcessor,
} from '@tcxflow/common/partition-consumer.ts';
import { runService, type ServiceContext, type ServiceDefinition } from '@tcxflow/common/service.ts';
import { countersCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage } from 'kafkajs';
import { createCollectors } from './collectors.ts';
import { type SflowServiceConfig, sflowSchema } from './config.ts';
import { createSession, type Session, type SessionTally, subAgentIdOf } from './session.ts';

function build({ config, log, metrics, fail }: ServiceContext<SflowServiceConfig>): Component[] {
  const { sflow } = config;
  const kafka = createKafka(config.kafka, 'sflow', log);
  const collectors = createCollectors(sflow, metrics, log);
  const datagrams = metrics.counter('datagrams_total', 'Datagrams made; each goes to every collector');
  const flowSamples = metrics.counter('flow_samples_total', 'Flow samples emitted');
  const counterSamples = metrics.counter('counter_samples_total', 'Counter samples emitted');
  const lost = metrics.counter('lost_samples_total', 'Samples not emitted', ['cause']);
  const undecodable = metrics.counter(
    'undecodable_messages_total',
    'Messages passed over; decode and writer dead-letter them',
  );
  /** Partition → agent → session; both topics of a partition share it, as one agent is one stream of datagrams. */
  const sessions = new Map<number, Map<string, Session>>();

  function sessionOf(partition: number, agent: string, agentAddress: Buffer): Session {
    const ofPartition = sessions.get(partition) ?? new Map<string, Session>();
    sessions.set(partition, ofPartition);
    let session = ofPartition.get(agent);
    if (!session) {
      session = createSession(agentAddress, Date.now(), {
        subAgentId: sflow.subAgentId === 'per-agent' ? subAgentIdOf(agent) : sflow.subAgentId,
        datagramBytes: sflow.datagramBytes,
        headerBytes: sflow.headerBytes,
        maxAgeMs: sflow.maxAgeMs,
      });
      ofPartition.set(agent, session);
    }
    return session;
  }

  /** Emits all that the messages hold, and commits when the kernel has the datagrams. */
  async function emitMessages(context: PartitionContext, messages: KafkaMessage[]): Promise<void> {
    const last = messages.at(-1);
    if (!last) return;
    const tally: SessionTally = { flowSamples: 0, counterSamples: 0, stale: 0, unsupported: 0 };
    const touched = new Set<Session>();
    const sends: Promise<void>[] = [];
    const now = Date.now();
    const emit = (datagram: Buffer) => {
      datagrams.inc();
      sends.push(collectors.send(datagram));
    };
    for (const message of messages) {
      try {
        if (context.topic === topicNames.counters) {
          const counters = countersCodec.decode(message.value);
          const session = sessionOf(context.partition, counters.agent, counters.agentAddress);
          session.addCounters(counters, now, tally, emit);
          touched.add(session);
        } else {
          const batch = sampleBatchCodec.decode(message.value);
          const session = sessionOf(context.partition, batch.agent, batch.agentAddress);
          session.addBatch(batch, now, tally, emit);
          touched.add(session);
        }
      } catch {
        undecodable.inc();
      }
    }
    for (const session of touched) session.flush(now, emit);
    await Promise.all(sends);
    flowSamples.inc(tally.flowSamples);
    counterSamples.inc(tally.counterSamples);
    lost.inc({ cause: 'stale' }, tally.stale);
    lost.inc({ cause: 'unsupported_link' }, tally.unsupported);
    await context.commit(String(Number(last.offset) + 1), '');
  }

  const consumer = createPartitionConsumer({
    kafka,
    groupId: sflow.groupId,
    topics: [topicNames.rawSamples, topicNames.counters],
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    coPartitioned: true,
    // One after another: both topics of a partition write into the same sessions.
    concurrency: 1,
    open: async (context): Promise<PartitionProcessor> => ({
      process: (messages) => emitMessages(context, messages),
      dispose: async () => void sessions.delete(context.partition),
    }),
    log,
    metrics,
    fail,
  });
  return [createKafkaGate(config.kafka, log), collectors, consumer];
}

export const sflowService: ServiceDefinition<typeof sflowSchema> = {
  name: 'sflow',
  about: 'Sends raw samples and interface counters as standard sFlow v5 to collectors.',
  schema: sflowSchema,
  build,
};

if (import.meta.main) process.exitCode = await runService(sflowService, process.argv.slice(2));
