// The agents and sub-agents that are known, with what is remembered of each, under bounds that hold for all together.

import { randomBytes } from 'node:crypto';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { type AllowList, createAllowList } from '../allow-list.ts';
import { type Agent, createAgent } from './agent.ts';
import { createBudget } from './budget.ts';
import type { ReceiverConfig } from './config.ts';
import { createInterfaceTable, type InterfaceTable } from './interface-table.ts';
import type { AgentLoss } from './metrics.ts';
import { createReorder, type Reorder } from './reorder.ts';
import { type AgentTally, emptyTally } from './tally.ts';

export interface Known {
  agent: Agent;
  address: Buffer;
  name: string;
  subAgentId: number;
  reorder: Reorder;
  tally: AgentTally;
  lost: { datagrams: number; samples: number };
  /** Something has come since the last flush. */
  active: boolean;
  /** That wait for others of it. */
  bytes: number;
}

export interface KnownAgents {
  /** @param key address and sub-agent as they are on the wire */
  find(key: string): Known | undefined;
  /** @param address 16 bytes, IPv4 mapped; kept @returns why not, if not */
  add(key: string, address: Buffer, subAgentId: number, nowMs: number): Known | 'agent_not_allowed' | 'too_many_agents';
  /** Those that are not on it any more are forgotten. */
  allow(prefixes: readonly string[]): void;
  losses(): AgentLoss[];
  readonly size: number;
}

const SILENT_MS = 3_600_000;
/** Looking through all costs more than a datagram should. */
const FORGET_EVERY_MS = 10_000;
/** As a data source, with its counters, and with what is known of it. */
const ENTRIES_OF_INTERFACE = 3;
/** Of all agents, that wait for one that is missing: 36 MiB at most. */
const HELD_DATAGRAMS_MAX = 4096;

export function createKnownAgents(config: Pick<ReceiverConfig, 'agents' | 'maxAgents' | 'maxInterfaces'>): KnownAgents {
  const instance = randomBytes(16);
  const entries = createBudget(ENTRIES_OF_INTERFACE * config.maxInterfaces);
  const datagrams = createBudget(HELD_DATAGRAMS_MAX);
  const agents = new Map<string, Known>();
  const tables = new Map<string, InterfaceTable>();
  let forgottenMs = 0;
  let allowed: AllowList = createAllowList(config.agents);

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

  return {
    find: (key) => agents.get(key),
    add(key, address, subAgentId, nowMs) {
      if (!allowed(address, 0)) return 'agent_not_allowed';
      if (agents.size >= config.maxAgents && nowMs - forgottenMs >= FORGET_EVERY_MS) {
        forgottenMs = nowMs;
        forget(({ agent }) => nowMs - agent.lastSeenMs > SILENT_MS);
      }
      if (agents.size >= config.maxAgents) return 'too_many_agents';
      const name = formatAddress(address);
      const table = tables.get(name) ?? createInterfaceTable(entries());
      tables.set(name, table);
      const agent = createAgent({ address, subAgentId, instance, table, share: entries() });
      const counted = { tally: emptyTally(), lost: { datagrams: 0, samples: 0 }, active: false, bytes: 0 };
      const known = { agent, address, name, subAgentId, reorder: createReorder(datagrams()), ...counted };
      agents.set(key, known);
      return known;
    },
    allow(prefixes) {
      allowed = createAllowList(prefixes);
      forget(({ address }) => !allowed(address, 0));
    },
    losses: () =>
      [...agents.values()]
        .filter(({ lost }) => lost.datagrams + lost.samples > 0)
        .map(({ name, subAgentId, lost }) => ({ agent: name, subAgentId, ...lost })),
    get size() {
      return agents.size;
    },
  };
}
