import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionAssigner } from 'kafkajs';
import { coPartitioning } from './co-partitioning.ts';
import kafkajs from './kafkajs.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
type Config = Parameters<PartitionAssigner>[0];

/** @param partitions number of partitions by topic @returns partitions by member and topic */
async function assign(partitions: { [topic: string]: number }, memberIds: string[]) {
  const findTopicPartitionMetadata = (topic: string) =>
    Array.from({ length: partitions[topic] ?? 0 }, (_, partitionId) => ({ partitionId }));
  const assigner = coPartitioning({ cluster: { findTopicPartitionMetadata } } as unknown as Config);
  const answer = await assigner.assign({
    members: memberIds.map((memberId) => ({ memberId, memberMetadata: Buffer.alloc(0) })),
    topics: Object.keys(partitions),
  });
  return Object.fromEntries(
    answer.map(({ memberId, memberAssignment }) => [memberId, MemberAssignment.decode(memberAssignment)?.assignment]),
  );
}

test('partition p of all topics goes to the same member, and members share evenly', async () => {
  assert.deepEqual(await assign({ flows: 5, counters: 5 }, ['a', 'b']), {
    a: { flows: [0, 2, 4], counters: [0, 2, 4] },
    b: { flows: [1, 3], counters: [1, 3] },
  });
});

test('topics with different numbers of partitions share the members of those they have in common', async () => {
  assert.deepEqual(await assign({ flows: 4, counters: 2 }, ['a', 'b', 'c']), {
    a: { flows: [0, 3], counters: [0] },
    b: { flows: [1], counters: [1] },
    c: { flows: [2] },
  });
});

test('every partition is assigned once, with any number of members', async () => {
  for (let members = 1; members <= 9; members++) {
    const ids = Array.from({ length: members }, (_, index) => `member-${index}`);
    const byMember = await assign({ flows: 7, counters: 4 }, ids);
    assert.deepEqual(Object.keys(byMember).sort(), ids);
    const all = (topic: string) => Object.values(byMember).flatMap((assignment) => assignment?.[topic] ?? []);
    assert.deepEqual(all('flows').sort(), [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(all('counters').sort(), [0, 1, 2, 3]);
  }
});

test('whoever leads gives the same answer: the order of the members does not matter', async () => {
  const partitions = { flows: 6, counters: 6 };
  const expected = await assign(partitions, ['a', 'b', 'c']);
  for (const order of ['acb', 'bac', 'bca', 'cab', 'cba'])
    assert.deepEqual(await assign(partitions, order.split('')), expected);
});

test('a member announces the assigner by name, and its topics', () => {
  const { name, metadata } = coPartitioning({} as Config).protocol({ topics: ['flows', 'counters'] });
  assert.equal(name, 'TcxflowCoPartitioning');
  assert.deepEqual(MemberMetadata.decode(metadata)?.topics, ['flows', 'counters']);
});
