// Whether the schema may be made where it is to be made: a cluster that would lose or double rows is refused before anything is changed.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import type { ClusterLayout } from './migrations-cluster.ts';

/** A row of system.clusters. */
export interface ClusterNode {
  cluster: string;
  shard_num: number;
  replica_num: number;
  /** Since ClickHouse 24.x; older ones do not say. */
  internal_replication?: number;
}

/** What a node says of itself; empty: it has no such macro, or no such database. */
export interface NodeState {
  host: string;
  shardNum: number;
  shard: string;
  replica: string;
  databaseEngine: string;
}

/** @throws {TcxflowError} the cluster is not as it must be, or the schema was made for another place */
export async function checkPlace(client: ClickHouseClient, layout?: ClusterLayout): Promise<void> {
  await checkTables(client, layout);
  if (!layout) return;
  const nodes = await ask<ClusterNode>(client, 'SELECT * FROM system.clusters');
  checkNodes(nodes, layout.cluster);
  checkStates(
    await readStates(client, layout),
    nodes.filter(({ cluster }) => cluster === layout.cluster).length,
    layout,
  );
}

/** @throws {TcxflowError} the tables that are there were made for another place */
export async function checkTables(client: ClickHouseClient, layout?: ClusterLayout): Promise<void> {
  checkKind(await readEngine(client), layout);
}

/** Of flows; empty: there is none yet. */
async function readEngine(client: ClickHouseClient): Promise<string> {
  const query = `SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'flows'`;
  return (await ask<{ engine: string }>(client, query))[0]?.engine ?? '';
}

/** @param engine of flows @throws {TcxflowError} plain tables do not become a cluster's, nor the other way round */
export function checkKind(engine: string, layout?: ClusterLayout): void {
  if (engine === '' || (engine === 'Distributed') === (layout !== undefined)) return;
  throw layout
    ? new TcxflowError('CLUSTER', `the database ${layout.database} has plain tables: they do not become a cluster's`, {
        hint: 'choose another clickhouse.database, or leave clickhouse.cluster empty: docs/how-to/run-on-a-cluster.md',
      })
    : new TcxflowError('CLUSTER', "the database has a cluster's tables, and clickhouse.cluster is empty", {
        hint: 'set clickhouse.cluster to the name that it was made with: docs/how-to/run-on-a-cluster.md',
      });
}

/** @throws {TcxflowError} there is no such cluster, or its shards would be written to as if they had no replication */
export function checkNodes(nodes: readonly ClusterNode[], cluster: string): void {
  const own = nodes.filter((node) => node.cluster === cluster);
  const names = [...new Set(nodes.map((node) => node.cluster))].join(', ');
  if (own.length === 0)
    throw unfit(
      `the server knows no cluster ${cluster}; it knows ${names || 'none'}`,
      'remote_servers of its configuration',
    );
  const alone = own.find((node) => node.internal_replication === 0 && own.some((other) => isSibling(node, other)));
  if (alone)
    throw unfit(
      `shard ${alone.shard_num} of ${cluster} has replicas and not internal_replication`,
      'set <internal_replication>true</internal_replication>: else each row is sent to every replica',
    );
}

const isSibling = (a: ClusterNode, b: ClusterNode) => a.shard_num === b.shard_num && a.replica_num !== b.replica_num;

/** Of all nodes: one that does not answer is an error here. */
async function readStates(client: ClickHouseClient, { cluster, database }: ClusterLayout): Promise<NodeState[]> {
  const query = `SELECT host, shardNum, anyIf(value, name = 'shard') AS shard, anyIf(value, name = 'replica') AS replica,
      anyIf(value, name = 'database') AS databaseEngine
    FROM (
      SELECT hostName() AS host, toUInt32(_shard_num) AS shardNum, tcpPort() AS port, macro AS name, substitution AS value
      FROM clusterAllReplicas({cluster:String}, system.macros)
      UNION ALL
      SELECT hostName(), toUInt32(_shard_num), tcpPort(), 'database', engine
      FROM clusterAllReplicas({cluster:String}, system.databases) AS found WHERE found.name = {database:String}
    ) GROUP BY host, port, shardNum`;
  try {
    return await ask<NodeState>(client, query, { cluster, database });
  } catch (error) {
    if (!UNREACHABLE.includes((error as { code?: string }).code ?? '')) throw error;
    throw unfit(
      `a node of ${cluster} does not answer: ${(error as Error).message}`,
      'start it: a migration is for all',
    );
  }
}

/** SOCKET_TIMEOUT, NETWORK_ERROR, ALL_CONNECTION_TRIES_FAILED */
const UNREACHABLE = ['209', '210', '279'];

/** @throws {TcxflowError} a node without the database, or whose macros do not tell it from the others */
export function checkStates(states: readonly NodeState[], nodes: number, { cluster, database }: ClusterLayout): void {
  const without = states.find(({ databaseEngine }) => databaseEngine === '');
  if (without || states.length < nodes)
    throw unfit(
      `${without?.host ?? `one of ${nodes} nodes`} has no database ${database}, or no macros`,
      `CREATE DATABASE ${database} ON CLUSTER ${cluster}`,
    );
  const strange = states.find(({ databaseEngine }) => databaseEngine !== 'Atomic');
  if (strange)
    throw unfit(
      `the database ${database} on ${strange.host} is of engine ${strange.databaseEngine}`,
      'make one of engine Atomic: what ON CLUSTER says is not for others',
    );
  const hint =
    'each node needs <macros> with its <shard>, the same on all its replicas, and its <replica>, another on each';
  const bare = states.find(({ shard, replica }) => shard === '' || replica === '');
  if (bare) throw unfit(`${bare.host} lacks the macro ${bare.shard === '' ? 'shard' : 'replica'}`, hint);
  for (const [index, one] of states.entries())
    for (const other of states.slice(index + 1)) {
      const sameShard = one.shard === other.shard;
      if (sameShard !== (one.shardNum === other.shardNum))
        throw unfit(
          `${one.host} and ${other.host} are of ${sameShard ? 'two shards' : 'one shard'}, unlike their macro`,
          hint,
        );
      if (sameShard && one.replica === other.replica)
        throw unfit(`${one.host} and ${other.host} have one macro replica, ${one.replica}`, hint);
    }
}

function unfit(what: string, hint: string): TcxflowError {
  return new TcxflowError('CLUSTER', what, { hint });
}

async function ask<Row>(client: ClickHouseClient, query: string, parameters = {}): Promise<Row[]> {
  const result = await client.query({ query, query_params: parameters, format: 'JSONEachRow' });
  return result.json<Row>();
}
