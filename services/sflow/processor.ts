// One partition of raw samples or counters: emits all that the messages hold, and commits when the kernel has the datagrams.

import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import { countersCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage } from 'kafkajs';
import type { Collectors } from './collectors.ts';
import type { SflowMetrics } from './metrics.ts';
import type { Session, SessionTally } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface ProcessorDependencies {
  collectors: Collectors;
  sessions: Sessions;
  metrics: SflowMetrics;
}

export function openProcessor(context: PartitionContext, deps: ProcessorDependencies): PartitionProcessor {
  const { collectors, sessions, metrics } = deps;

  /** @returns the session that took it; undefined when nobody can read it */
  function add(message: KafkaMessage, now: number, tally: SessionTally, emit: (datagram: Buffer) => void) {
    let session: Session;
    try {
      if (context.topic === topicNames.counters) {
        const counters = countersCodec.decode(message.value);
        session = sessions.of(context.partition, counters.agent, counters.agentAddress);
        session.addCounters(counters, now, tally, emit);
      } else {
        const batch = sampleBatchCodec.decode(message.value);
        session = sessions.of(context.partition, batch.agent, batch.agentAddress);
        session.addBatch(batch, now, tally, emit);
      }
      return session;
    } catch {
      metrics.undecodable.inc();
      return undefined;
    }
  }

  return {
    async process(messages) {
      const last = messages.at(-1);
      if (!last) return;
      const tally: SessionTally = { flowSamples: 0, counterSamples: 0, stale: 0, unsupported: 0, stray: 0 };
      const touched = new Set<Session>();
      const sends: Promise<void>[] = [];
      const now = Date.now();
      const emit = (datagram: Buffer) => {
        metrics.datagrams.inc();
        sends.push(collectors.send(datagram));
      };
      for (const message of messages) {
        const session = add(message, now, tally, emit);
        if (session) touched.add(session);
      }
      for (const session of touched) session.flush(now, emit);
      await Promise.all(sends);
      metrics.flowSamples.inc(tally.flowSamples);
      metrics.counterSamples.inc(tally.counterSamples);
      metrics.lost.inc({ cause: 'stale' }, tally.stale);
      metrics.lost.inc({ cause: 'unsupported_link' }, tally.unsupported);
      metrics.lost.inc({ cause: 'stray' }, tally.stray);
      await context.commit(String(Number(last.offset) + 1), '');
    },
    dispose: async () => sessions.forget(context.partition),
  };
}
