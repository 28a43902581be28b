// The sessions of the agents whose partitions this emitter holds. Both topics of a partition share them, as one agent is
// one stream of datagrams.

import type { SflowConfig } from './config.ts';
import { createSession, type Session, subAgentIdOf } from './session.ts';

export interface Sessions {
  /** An agent that changed its address is a new one to every collector. */
  of(partition: number, agent: string, agentAddress: Buffer): Session;
  /** The partition went elsewhere: its agents' streams end here. */
  forget(partition: number): void;
}

export function createSessions(config: SflowConfig): Sessions {
  const byPartition = new Map<number, Map<string, Session>>();
  return {
    of(partition, agent, agentAddress) {
      const sessions = byPartition.get(partition) ?? new Map<string, Session>();
      byPartition.set(partition, sessions);
      const key = `${agent} ${agentAddress.toString('hex')}`;
      let session = sessions.get(key);
      if (!session) {
        session = createSession(agentAddress, Date.now(), {
          subAgentId: config.subAgentId === 'per-agent' ? subAgentIdOf(agent) : config.subAgentId,
          datagramBytes: config.datagramBytes,
          headerBytes: config.headerBytes,
          maxAgeMs: config.maxAgeMs,
        });
        sessions.set(key, session);
      }
      return session;
    },
    forget: (partition) => void byPartition.delete(partition),
  };
}
