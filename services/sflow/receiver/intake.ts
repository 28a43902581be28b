// Datagrams in, messages out: who may send, which agent it is of, and when its samples are handed on.

import { randomBytes } from 'node:crypto';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { decodeDatagram } from '../codec/decode-datagram.ts';
import { type Agent, type AgentTally, createAgent, type Outgoing } from './agent.ts';
import { createAllowList } from './allow.ts';
import type { ReceiverConfig } from './config.ts';
import type { ReceiverMetrics } from './metrics.ts';

export interface Intake {
  receive(payload: Buffer, source: string, nowMs: number): void;
  /** Hands on what has waited for long enough; with `all`, everything. */
  flush(nowMs: number, all: boolean): void;
}

const SILENT_MS = 3_600_000;

export function createIntake(
  config: ReceiverConfig,
  metrics: ReceiverMetrics,
  emit: (message: Outgoing) => void,
): Intake {
  const instance = randomBytes(16);
  const sourceAllowed = createAllowList(config.sources);
  const agentAllowed = createAllowList(config.agents);
  const agents = new Map<string, Agent>();
  let flushedMs = 0;
  let tally = emptyTally();

  function agentOf(address: Buffer, subAgentId: number, nowMs: number): Agent | undefined {
    const key = `${address.toString('latin1')}${subAgentId}`;
    let agent = agents.get(key);
    if (agent) return agent;
    if (!agentAllowed(formatAddress(address))) return refuse('agent_not_allowed');
    if (agents.size >= config.maxAgents) forgetSilent(nowMs);
    if (agents.size >= config.maxAgents) return refuse('too_many_agents');
    agent = createAgent(address, subAgentId, instance);
    agents.set(key, agent);
    return agent;
  }

  function forgetSilent(nowMs: number): void {
    for (const [key, { lastSeenMs }] of agents) if (nowMs - lastSeenMs > SILENT_MS) agents.delete(key);
  }

  function refuse(cause: string): undefined {
    metrics.refused.inc({ cause });
  }

  function count(): void {
    metrics.samples.inc({ kind: 'flow' }, tally.taken);
    metrics.samples.inc({ kind: 'counters' }, tally.counters);
    metrics.samples.inc({ kind: 'discard' }, tally.discards);
    metrics.samples.inc({ kind: 'unknown' }, tally.unknown);
    metrics.synthesized.inc(tally.synthesized);
    metrics.lostDatagrams.inc(tally.lostDatagrams);
    metrics.restarts.inc(tally.restarts);
    for (const [cause, lost] of tally.lost) metrics.lostSamples.inc({ cause }, lost);
    metrics.agents.set(agents.size);
    tally = emptyTally();
  }

  return {
    receive(payload, source, nowMs) {
      if (!sourceAllowed(source)) return refuse('source_not_allowed');
      const datagram = decodeDatagram(payload);
      if (!datagram.ok) return refuse(datagram.code);
      const agent = agentOf(datagram.agentAddress, datagram.subAgentId, nowMs);
      if (!agent) return;
      metrics.datagrams.inc();
      const timeNs = BigInt(Math.round(nowMs * 1000)) * 1000n;
      agent.add(datagram, nowMs, timeNs, tally, emit);
      if (agent.waiting >= config.batchSamples) agent.take(emit, timeNs);
    },
    flush(nowMs, all) {
      count();
      if (!all && nowMs - flushedMs < config.flushMs) return;
      flushedMs = nowMs;
      const timeNs = BigInt(Math.round(nowMs * 1000)) * 1000n;
      for (const agent of agents.values()) agent.take(emit, timeNs);
    },
  };
}

function emptyTally(): AgentTally {
  const zero = { taken: 0, synthesized: 0, lostDatagrams: 0, restarts: 0, counters: 0, discards: 0, unknown: 0 };
  return { ...zero, lost: new Map() };
}
