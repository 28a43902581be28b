// Datagrams in, messages out: who may send, which agent it is of, and when its samples are handed on.

import { randomBytes } from 'node:crypto';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { decodeDatagram } from '../codec/decode-datagram.ts';
import { type Agent, createAgent, type Emit } from './agent.ts';
import { createAllowList } from './allow.ts';
import { createBudget } from './budget.ts';
import type { ReceiverConfig } from './config.ts';
import { createInterfaceTable, type InterfaceTable } from './interface-table.ts';
import type { ReceiverMetrics } from './metrics.ts';
import { createDatagramView, scanFlows } from './scan-flows.ts';
import { type AgentTally, countTally, emptyTally } from './tally.ts';

/** What datagrams were received into, twice: as the one reads it and as the other does. */
export interface Received {
  bytes: Buffer;
  view: DataView;
}

export interface Intake {
  /**
   * Keeps nothing of `from`.
   * @param start offset of the datagram
   * @param senderAt offset of its sender: 16 bytes, IPv4 mapped
   */
  receive(from: Received, start: number, end: number, senderAt: number, nowMs: number): void;
  /** Hands on what has waited for long enough; with `all`, everything. */
  flush(nowMs: number, all: boolean): void;
  /** Whom to take from now on. */
  allow(lists: Pick<ReceiverConfig, 'sources' | 'agents'>): void;
}

interface Known {
  agent: Agent;
  address: Buffer;
  name: string;
  subAgentId: number;
  tally: AgentTally;
  lost: { datagrams: number; samples: number };
  /** Something has come since the last flush. */
  active: boolean;
  /** Of waitingBytes. */
  bytes: number;
}

const SILENT_MS = 3_600_000;
/** As a data source, with its counters, and with what is known of it. */
const ENTRIES_OF_INTERFACE = 3;
/** Of one agent, in a message: Kafka takes 8 MiB. */
const BATCH_BYTES_MAX = 1 << 20;
/** Of all agents together: then all is handed on, however short it waited. */
const WAITING_BYTES_MAX = 32 << 20;

export function createIntake(config: ReceiverConfig, metrics: ReceiverMetrics, emit: Emit): Intake {
  const instance = randomBytes(16);
  const budget = createBudget(ENTRIES_OF_INTERFACE * config.maxInterfaces);
  let sourceAllowed = createAllowList(config.sources);
  let agentAllowed = createAllowList(config.agents);
  /** By address and sub-agent as they are on the wire. */
  const agents = new Map<string, Known>();
  const tables = new Map<string, InterfaceTable>();
  const datagram = createDatagramView();
  const active: Known[] = [];
  let waitingBytes = 0;
  let flushedMs = 0;
  metrics.agentLosses.read = () =>
    [...agents.values()]
      .filter(({ lost }) => lost.datagrams + lost.samples > 0)
      .map(({ name, subAgentId, lost }) => ({ agent: name, subAgentId, ...lost }));

  function agentOf(key: string, address: Buffer, subAgentId: number, nowMs: number): Known | undefined {
    const known = agents.get(key);
    if (known) return known;
    if (!agentAllowed(address, 0)) return refuse('agent_not_allowed');
    if (agents.size >= config.maxAgents) forget(({ agent }) => nowMs - agent.lastSeenMs > SILENT_MS);
    if (agents.size >= config.maxAgents) return refuse('too_many_agents');
    const name = formatAddress(address);
    const table = tables.get(name) ?? createInterfaceTable(budget());
    tables.set(name, table);
    const agent = createAgent({ address, subAgentId, instance, table, share: budget() });
    const lost = { datagrams: 0, samples: 0 };
    const made = { agent, address, name, subAgentId, tally: emptyTally(), lost, active: false, bytes: 0 };
    agents.set(key, made);
    return made;
  }

  function forget(which: (known: Known) => boolean): void {
    for (const [key, known] of agents)
      if (!known.active && which(known)) {
        known.agent.release();
        agents.delete(key);
      }
    const names = new Set([...agents.values()].map(({ name }) => name));
    for (const [name, table] of tables)
      if (!names.has(name)) {
        table.release();
        tables.delete(name);
      }
  }

  function refuse(cause: string): undefined {
    metrics.refused.inc({ cause });
  }

  /** @returns what takes the datagram in; undefined: it was refused */
  function openDatagram(from: Received, start: number, end: number, nowMs: number) {
    if (scanFlows(from.view, start, end, datagram)) {
      const { addressAt, subAgentAt } = datagram;
      const key = from.bytes.toString('latin1', addressAt, subAgentAt + 4);
      const known =
        agents.get(key) ??
        agentOf(key, mapped(from.bytes.subarray(addressAt, subAgentAt)), from.view.getUint32(subAgentAt), nowMs);
      if (known) known.agent.addFlows(datagram, from.view, nowMs, known.tally, emit);
      return known;
    }
    const decoded = decodeDatagram(from.bytes.subarray(start, end));
    if (!decoded.ok) return refuse(decoded.code);
    const { agentAddress, subAgentId } = decoded;
    const isV4 = from.view.getUint32(start + 4) === 1;
    const key = from.bytes.toString('latin1', start + 8, start + (isV4 ? 16 : 28));
    const known = agentOf(key, agentAddress, subAgentId, nowMs);
    if (known) known.agent.add(decoded, nowMs, known.tally, emit);
    return known;
  }

  function count(): void {
    for (const known of active) {
      countTally(known.tally, metrics);
      known.lost.datagrams += known.tally.lostDatagrams;
      known.lost.samples += known.tally.lost.get('sequence_gap') ?? 0;
      known.tally = emptyTally();
    }
    metrics.agents.set(agents.size);
    metrics.waitingBytes.set(waitingBytes);
  }

  function handOn(nowMs: number): void {
    count();
    for (const known of active) {
      known.agent.take(emit, nowMs);
      known.active = false;
      known.bytes = 0;
    }
    active.length = 0;
    waitingBytes = 0;
  }

  return {
    receive(from, start, end, senderAt, nowMs) {
      if (!sourceAllowed(from.bytes, senderAt)) return refuse('source_not_allowed');
      const known = openDatagram(from, start, end, nowMs);
      if (!known) return;
      if (!known.active) {
        known.active = true;
        active.push(known);
      }
      const { agent } = known;
      if (agent.waiting >= config.batchSamples || agent.waitingBytes >= BATCH_BYTES_MAX) agent.take(emit, nowMs);
      waitingBytes += agent.waitingBytes - known.bytes;
      known.bytes = agent.waitingBytes;
      if (waitingBytes >= WAITING_BYTES_MAX) handOn(nowMs);
    },
    flush(nowMs, all) {
      if (!all && nowMs - flushedMs < config.flushMs) return;
      flushedMs = nowMs;
      handOn(nowMs);
    },
    allow(lists) {
      sourceAllowed = createAllowList(lists.sources);
      agentAllowed = createAllowList(lists.agents);
      handOn(Date.now());
      forget(({ address }) => !agentAllowed(address, 0));
    },
  };
}

/** 4 or 16 bytes → a copy of 16, IPv4 mapped. */
function mapped(address: Buffer): Buffer {
  const to = Buffer.alloc(16);
  if (address.length === 4) to.fill(0xff, 10, 12);
  address.copy(to, 16 - address.length);
  return to;
}
