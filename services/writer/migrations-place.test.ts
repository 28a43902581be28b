import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkKind, checkNodes, checkStates, type NodeState } from './migrations-place.ts';

const layout = { cluster: 'main', database: 'net' };

describe('a cluster is refused', () => {
  test('whose name the server does not know; those that it knows are said', () => {
    const nodes = [{ cluster: 'other', shard_num: 1, replica_num: 1 }];
    assert.throws(() => checkNodes(nodes, 'main'), { code: 'CLUSTER', message: /no cluster main; it knows other/ });
    assert.throws(() => checkNodes([], 'main'), { message: /it knows none/ });
  });

  test('that would send each row to every replica', () => {
    const shard = (shard_num: number, internal_replication: number, replicas: number) =>
      Array.from({ length: replicas }, (_, index) => ({
        ...{ cluster: 'main', shard_num, internal_replication },
        replica_num: index + 1,
      }));
    checkNodes([...shard(1, 1, 2), ...shard(2, 0, 1)], 'main');
    assert.throws(() => checkNodes([...shard(1, 1, 2), ...shard(2, 0, 2)], 'main'), {
      message: /shard 2 of main has replicas and not internal_replication/,
    });
  });

  const state = (shardNum: number, replica: string, other: Partial<NodeState> = {}): NodeState => ({
    ...{ host: `${shardNum}-${replica}`, shardNum, shard: `s${shardNum}`, replica, databaseEngine: 'Atomic', ...other },
  });
  const good = [state(1, 'a'), state(1, 'b'), state(2, 'a'), state(2, 'b')];
  const refuse = (states: NodeState[], message: RegExp) =>
    assert.throws(() => checkStates(states, 4, layout), { code: 'CLUSTER', message });

  test('of which a node has no database, or one of another engine', () => {
    checkStates(good, 4, layout);
    refuse(good.slice(1), /one of 4 nodes has no database net/);
    refuse(good.with(1, state(1, 'b', { databaseEngine: '' })), /1-b has no database net/);
    refuse(good.with(2, state(2, 'a', { databaseEngine: 'Replicated' })), /2-a is of engine Replicated/);
  });

  test('whose macros do not tell the nodes apart', () => {
    refuse(good.with(1, state(1, 'b', { replica: '' })), /1-b lacks the macro replica/);
    refuse(good.with(3, state(2, 'b', { shard: '' })), /2-b lacks the macro shard/);
    refuse(good.with(1, state(1, 'b', { replica: 'a' })), /1-a and 1-b have one macro replica, a/);
    refuse(good.with(1, state(1, 'b', { shard: 's2' })), /1-a and 1-b are of one shard/);
    refuse(good.with(2, state(2, 'a', { shard: 's1' })), /1-a and 2-a are of two shards/);
  });
});

test('plain tables do not become those of a cluster, nor the other way round', () => {
  checkKind('', layout);
  checkKind('MergeTree');
  checkKind('Distributed', layout);
  assert.throws(() => checkKind('MergeTree', layout), { code: 'CLUSTER', message: /net has plain tables/ });
  assert.throws(() => checkKind('Distributed'), { code: 'CLUSTER', message: /clickhouse.cluster is empty/ });
});
