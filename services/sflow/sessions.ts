// The sessions of the agents whose partitions this emitter holds: one for each stream that wants the agent. The topics of a
// partition share them, as one agent is one stream of datagrams.

import type { Stream } from './collector-options.ts';
import type { SflowConfig } from './config.ts';
import { createSession, type Session, subAgentIdOf } from './session.ts';

export interface NumberedSession {
  /** Of the stream that it makes datagrams for. */
  stream: number;
  wantsDiscards: boolean;
  session: Session;
}

export interface Sessions {
  /** An agent that changed its address is a new one to every collector. */
  of(partition: number, agent: string, agentAddress: Buffer): readonly NumberedSession[];
  /** The partition went elsewhere: its agents' streams end here. */
  forget(partition: number): void;
}

/**
 * Uptimes begin between 1 and 2 s: of two streams of an agent that begin shortly after each other, each at sequence 1, the
 * first datagrams are told apart by it; and it is never negative when a session is opened later than its datagram's time was taken.
 */
function startOf(nowMs: number): number {
  return Math.floor(nowMs / 1000) * 1000 - 1000;
}

/** @param streams as they are now; another list when they changed */
export function createSessions(config: SflowConfig, streams: () => readonly Stream[]): Sessions {
  const byPartition = new Map<number, Map<string, { of: readonly Stream[]; list: NumberedSession[] }>>();

  /** @param before those of streams that stay go on with their numbers */
  function open(agent: string, agentAddress: Buffer, before: readonly NumberedSession[]): NumberedSession[] {
    const now = startOf(Date.now());
    const subAgentId = config.subAgentId === 'per-agent' ? subAgentIdOf(agent) : config.subAgentId;
    return streams().flatMap(({ number, options, wantsAgent, wantsInterface, wantsPacket }) => {
      if (!wantsAgent(agent)) return [];
      const known = before.find(({ stream }) => stream === number);
      if (known) return [known];
      const { maxAgeMs } = config;
      const session = createSession(agentAddress, now, {
        ...{ ...options, subAgentId, maxAgeMs, wantsInterface, wantsPacket },
      });
      return [{ stream: number, wantsDiscards: options.discards, session }];
    });
  }

  return {
    of(partition, agent, agentAddress) {
      const sessions: NonNullable<ReturnType<typeof byPartition.get>> = byPartition.get(partition) ?? new Map();
      byPartition.set(partition, sessions);
      const key = `${agent} ${agentAddress.toString('hex')}`;
      let entry = sessions.get(key);
      if (entry?.of !== streams()) {
        entry = { of: streams(), list: open(agent, agentAddress, entry?.list ?? []) };
        sessions.set(key, entry);
      }
      return entry.list;
    },
    forget: (partition) => void byPartition.delete(partition),
  };
}
