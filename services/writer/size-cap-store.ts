// The partitions of the database, and how one is removed: first a row of `removed` says so, then it goes.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { type ClusterLayout, ddlSettings, rewriteForCluster } from './migrations-cluster.ts';
import { globalName } from './migrations-sharding.ts';
import { millisecondsText } from './rows/text.ts';
import type { PartitionState, Removal } from './size-cap.ts';

type Row = Omit<PartitionState, 'isFirstReplica'> & { shard: number };

/** Of all nodes. An insert is seen by its parts until they are merged and cleaned away, eight minutes later. */
export async function readPartitions(client: ClickHouseClient, layout?: ClusterLayout): Promise<PartitionState[]> {
  const [from, shard] = layout
    ? ['clusterAllReplicas({cluster:String}, system.parts)', '_shard_num']
    : ['system.parts', '1'];
  const result = await client.query({
    query: `SELECT concat(hostName(), ':', toString(tcpPort())) AS node, toUInt32(${shard}) AS shard, table, partition,
        toFloat64(sumIf(bytes_on_disk, active)) AS bytes, toFloat64(sumIf(rows, active)) AS rows,
        toFloat64(max(max_block_number)) AS lastBlock,
        toFloat64(maxIf(toUnixTimestamp(modification_time), level = 0)) * 1000 AS insertedMs
      FROM ${from} WHERE database = {database:String} GROUP BY node, shard, table, partition HAVING bytes > 0 ORDER BY node`,
    query_params: { cluster: layout?.cluster ?? '', database: layout?.database ?? (await currentDatabase(client)) },
    format: 'JSONEachRow',
  });
  const rows = await result.json<Row>();
  const first = new Map<number, string>();
  for (const { shard: number, node } of rows) if (!first.has(number)) first.set(number, node);
  return rows.map(({ shard: number, ...row }) => ({
    ...row,
    table: globalName(row.table),
    isFirstReplica: first.get(number) === row.node,
  }));
}

async function currentDatabase(client: ClickHouseClient): Promise<string> {
  const result = await client.query({ query: 'SELECT currentDatabase() AS name', format: 'JSONEachRow' });
  const [row] = await result.json<{ name: string }>();
  return row?.name ?? '';
}

/** Several writers that see the same write one row: the token is of what they saw. */
export async function removePartition(
  client: ClickHouseClient,
  { table, partition, sinceMs, untilMs, rows, bytes, lastBlock }: Removal,
  { maxBytes, nowMs, layout }: { maxBytes: number; nowMs: number; layout?: ClusterLayout | undefined },
): Promise<void> {
  const text = (ms: number) => millisecondsText(ms).slice(0, 19);
  const values = [
    {
      ...{ table, partition, rows, bytes, lastBlock, maxBytes },
      ...{ since: text(sinceMs), until: text(untilMs), removedAt: millisecondsText(nowMs) },
    },
  ];
  await client.insert({
    table: 'removed',
    values,
    format: 'JSONEachRow',
    clickhouse_settings: {
      ...{ async_insert: 0, insert_distributed_sync: 1, insert_deduplicate: 1 },
      insert_deduplication_token: `removed-${table}-${partition}-${lastBlock}`,
    },
  });
  const statement = `ALTER TABLE ${table} DROP PARTITION ID '${partition}'`;
  for (const query of layout ? rewriteForCluster(statement, layout) : [statement])
    await client.command({
      query,
      // A server's limit is for what people do by mistake.
      clickhouse_settings: { ...ddlSettings(layout), max_partition_size_to_drop: '0' },
    });
}
