// Assigns partition p of every topic to the same member: what one key has in several topics then meets in one process.

import type { PartitionAssigner } from 'kafkajs';
import kafkajs from './kafkajs.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const NAME = 'TcxflowCoPartitioning';
const VERSION = 1;

export const coPartitioning: PartitionAssigner = ({ cluster }) => ({
  name: NAME,
  version: VERSION,
  async assign({ members, topics }) {
    // Sorted, so that every leader gives the same answer.
    const ids = members.map(({ memberId }) => memberId).sort();
    const assignments = new Map(ids.map((id) => [id, {} as Record<string, number[]>]));
    for (const topic of topics)
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const assignment = assignments.get(ids[partitionId % ids.length] ?? '');
        if (!assignment) continue;
        assignment[topic] ??= [];
        assignment[topic].push(partitionId);
      }
    return ids.map((memberId) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({
        version: VERSION,
        assignment: assignments.get(memberId) ?? {},
        userData: Buffer.alloc(0),
      }),
    }));
  },
  protocol: ({ topics }) => ({
    name: NAME,
    metadata: MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.alloc(0) }),
  }),
});
