// One partition of raw samples, counters or drops: emits all that the messages hold, and commits when the kernel has the
// datagrams.

import { setImmediate } from 'node:timers/promises';
import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import { countersCodec, dropBatchCodec, ORIGIN_HEADER, ORIGIN_SFLOW, topicNames } from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage } from 'kafkajs';
import type { Collectors } from './collectors.ts';
import type { SflowMetrics } from './metrics.ts';
import { createBatchReader } from './read-batch.ts';
import { type Emit, emptyTally, type SessionTally } from './session.ts';
import type { NumberedSession, Sessions } from './sessions.ts';

export interface ProcessorDependencies {
  collectors: Collectors;
  sessions: Sessions;
  /** Whether what came as sFlow goes out as such again. */
  relay: boolean;
  metrics: SflowMetrics;
}

/** So many datagrams may wait for the kernel before reading goes on. */
const PENDING_MAX = 2048;

const readBatch = createBatchReader();

const cameAsSflow = ({ headers }: KafkaMessage) => headers?.[ORIGIN_HEADER]?.toString() === ORIGIN_SFLOW;

export function openProcessor(context: PartitionContext, deps: ProcessorDependencies): PartitionProcessor {
  const { collectors, sessions, relay, metrics } = deps;
  const emitters = new Map<number, Emit>();
  const emitterOf = ({ stream }: NumberedSession): Emit => {
    let emitter = emitters.get(stream);
    if (!emitter) {
      emitter = (datagram) => {
        metrics.datagrams.inc();
        collectors.send(stream, datagram);
      };
      emitters.set(stream, emitter);
    }
    return emitter;
  };

  function addTo(message: KafkaMessage, now: number, tally: SessionTally): readonly NumberedSession[] {
    const { partition } = context;
    if (!relay && cameAsSflow(message)) {
      if (context.topic === topicNames.rawSamples)
        metrics.passedOver.inc({ cause: 'received' }, readBatch(message.value).count);
      return [];
    }
    if (context.topic === topicNames.counters) {
      const counters = countersCodec.decode(message.value);
      const list = sessions.of(partition, counters.agent, counters.agentAddress);
      for (const numbered of list) numbered.session.addCounters(counters, now, tally, emitterOf(numbered));
      return list;
    }
    if (context.topic === topicNames.drops) {
      const batch = dropBatchCodec.decode(message.value);
      const list = sessions.of(partition, batch.agent, batch.agentAddress).filter(({ wantsDiscards }) => wantsDiscards);
      for (const numbered of list) numbered.session.addDrops(batch, now, tally, emitterOf(numbered));
      return list;
    }
    const batch = readBatch(message.value);
    const { agent, agentAddress } = batch.head;
    const list = sessions.of(partition, agent, agentAddress);
    for (const numbered of list) numbered.session.addBatch(batch, now, tally, emitterOf(numbered));
    return list;
  }

  function count(tally: SessionTally): void {
    metrics.flowSamples.inc(tally.flowSamples);
    metrics.counterSamples.inc(tally.counterSamples);
    metrics.hostSamples.inc(tally.hostSamples);
    metrics.discardSamples.inc(tally.discardSamples);
    metrics.passedOver.inc({ cause: 'filtered' }, tally.filtered);
    metrics.passedOver.inc({ cause: 'thinned' }, tally.thinned);
    metrics.lost.inc({ cause: 'stale' }, tally.stale);
    metrics.lost.inc({ cause: 'unsupported_link' }, tally.unsupported);
    metrics.lost.inc({ cause: 'stray' }, tally.stray);
  }

  return {
    async process(messages) {
      const last = messages.at(-1);
      if (!last) return;
      const tally = emptyTally();
      const touched = new Set<NumberedSession>();
      const now = Date.now();
      for (const message of messages) {
        try {
          for (const numbered of addTo(message, now, tally)) touched.add(numbered);
        } catch {
          metrics.undecodable.inc();
        }
        if (collectors.pending < PENDING_MAX) continue;
        await collectors.drained();
        // Datagrams that the kernel takes at once let nothing else in: heartbeats, whoever asks for metrics.
        await setImmediate();
      }
      for (const numbered of touched) numbered.session.flush(now, emitterOf(numbered));
      await collectors.drained();
      count(tally);
      await context.commit(String(Number(last.offset) + 1), '');
    },
    dispose: async () => sessions.forget(context.partition),
  };
}
