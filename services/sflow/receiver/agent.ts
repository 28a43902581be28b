// One agent and sub-agent: its datagrams become messages of the bus. An agent whose uptime went back has started anew, and
// all its numbers with it: a new boot id. So has one that this receiver sees for the first time.

import { createHash } from 'node:crypto';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { countersCodec, dropBatchCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { Datagram } from '../codec/decode-datagram.ts';
import { createCounterNumbers } from './counters-of.ts';
import { createDropNumbers } from './drop-numbers.ts';
import { createFlowNumbers, type FlowTally } from './flow-batch.ts';
import { difference, stepTo } from './numbers.ts';

export interface Outgoing {
  topic: string;
  key: string;
  value: Buffer;
  samples: number;
}

export interface AgentTally extends FlowTally {
  lostDatagrams: number;
  restarts: number;
  counters: number;
  discards: number;
  unknown: number;
}

export interface Agent {
  lastSeenMs: number;
  /** @param emit is given what waited when the agent has started anew */
  add(datagram: Datagram, nowMs: number, timeNs: bigint, tally: AgentTally, emit: (message: Outgoing) => void): void;
  /** Samples that wait. */
  readonly waiting: number;
  take(emit: (message: Outgoing) => void, timeNs: bigint): void;
}

/** Uptimes that went back by less may come of datagrams that overtook each other. */
const UPTIME_SLACK_MS = 10_000;

/** @param instance of this receiver: numbers of batches begin with it */
export function createAgent(agentAddress: Buffer, subAgentId: number, instance: Buffer): Agent {
  const agent = formatAddress(agentAddress);
  const address = Buffer.from(agentAddress);
  let counters = createCounterNumbers();
  let flows = createFlowNumbers((ifIndex) => counters.nameOf(ifIndex));
  let drops = createDropNumbers();
  let bootId: Buffer | undefined;
  let last: Pick<Datagram, 'sequence' | 'uptimeMs'> = { sequence: 0, uptimeMs: 0 };
  const sequences = { samples: 0, counters: 0, drops: 0 };

  function begin(startedMs: number): void {
    const hash = createHash('sha256').update(instance).update(address).update(`${subAgentId} ${startedMs}`);
    bootId = hash.digest().subarray(0, 16);
    counters = createCounterNumbers();
    flows = createFlowNumbers((ifIndex) => counters.nameOf(ifIndex));
    drops = createDropNumbers();
    Object.assign(sequences, { samples: 0, counters: 0, drops: 0 });
  }

  function follow(
    { sequence, uptimeMs }: Datagram,
    nowMs: number,
    tally: AgentTally,
  ): 'take' | 'repeated' | 'restarted' {
    if (!bootId) begin(nowMs - uptimeMs);
    else {
      // Modulo 2^32 the uptime goes on where it wraps, after 49 days.
      const restarted = difference(uptimeMs, last.uptimeMs) < -UPTIME_SLACK_MS;
      const step = stepTo(last.sequence, sequence);
      if (restarted) return 'restarted';
      if (step.kind === 'repeated') return 'repeated';
      if (step.kind === 'late') return 'take';
      if (step.kind === 'next') tally.lostDatagrams += step.lost;
    }
    last = { sequence, uptimeMs };
    return 'take';
  }

  const self: Agent = {
    lastSeenMs: 0,
    add(datagram, nowMs, timeNs, tally, emit) {
      self.lastSeenMs = nowMs;
      const followed = follow(datagram, nowMs, tally);
      if (followed === 'repeated') return;
      if (followed === 'restarted') {
        tally.restarts++;
        self.take(emit, timeNs);
        begin(nowMs - datagram.uptimeMs);
        last = { sequence: datagram.sequence, uptimeMs: datagram.uptimeMs };
      }
      for (const sample of datagram.samples) {
        if (sample.kind === 'flow') flows.add(sample, timeNs, tally);
        else if (sample.kind === 'counters') {
          counters.add(sample);
          tally.counters++;
        } else if (sample.kind === 'discard') {
          drops.add(sample, timeNs);
          tally.discards++;
        } else tally.unknown++;
      }
    },
    get waiting() {
      return flows.count + drops.count;
    },
    take(emit, timeNs) {
      if (!bootId) return;
      const head = { agent, agentAddress: address, bootId, clockOffsetNs: 0n, clockUncertaintyNs: 0 };
      const flowBatch = flows.take();
      if (flowBatch) {
        const value = sampleBatchCodec.encode({ ...head, batchSequence: ++sequences.samples, ...flowBatch });
        emit({ topic: topicNames.rawSamples, key: agent, value, samples: flowBatch.samples.length });
      }
      const counted = counters.take();
      if (counted) {
        const message = { agent, agentAddress: address, bootId, timeNs, metadata: [], ...counted };
        const value = countersCodec.encode({ ...message, sequence: ++sequences.counters });
        emit({ topic: topicNames.counters, key: agent, value, samples: counted.interfaces.length });
      }
      const dropped = drops.take();
      if (dropped) {
        const value = dropBatchCodec.encode({ ...head, batchSequence: ++sequences.drops, ...dropped });
        emit({ topic: topicNames.drops, key: agent, value, samples: dropped.drops.length });
      }
    },
  };
  return self;
}
