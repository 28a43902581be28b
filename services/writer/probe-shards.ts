// Which flows of a block lie in one shard of a cluster: asked of ClickHouse, which alone knows its hash.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import type { Flow } from '@tcxflow/schemas/generated.ts';
import { addressText } from './rows/text.ts';

/** Of one query: its text stays well below max_query_size. */
const FLOWS_A_QUERY = 1000;

/**
 * @returns of each flow a number: flows of one number lie in one shard. A heavy shard has several numbers, and a table that is
 * not distributed has one.
 */
export async function readSlots(client: ClickHouseClient, flows: readonly Flow[]): Promise<number[]> {
  const [table] = await ask<{ engine: string }>(
    client,
    `SELECT engine_full AS engine FROM system.tables WHERE database = currentDatabase() AND name = 'flows'`,
  );
  const [, cluster, key] = /^Distributed\('([^']+)', '\w+', '\w+', (.+)\)$/s.exec(table?.engine ?? '') ?? [];
  if (!cluster || !key) return flows.map(() => 0);
  const slots = await readSlotCount(client, cluster);
  const found: number[] = [];
  for (let start = 0; start < flows.length; start += FLOWS_A_QUERY) {
    const chunk = flows.slice(start, start + FLOWS_A_QUERY);
    const list = (value: (flow: Flow) => unknown) => `[${chunk.map(value).join()}]`;
    const addresses = (field: 'srcAddress' | 'dstAddress') => list((flow) => `toIPv6('${addressText(flow[field])}')`);
    const query = `SELECT arrayMap((srcAddress, dstAddress, srcPort, dstPort, protocol) -> toUInt32(${key} % ${slots}),
      ${addresses('srcAddress')}, ${addresses('dstAddress')}, CAST(${list((flow) => flow.srcPort)}, 'Array(UInt16)'),
      CAST(${list((flow) => flow.dstPort)}, 'Array(UInt16)'), CAST(${list((flow) => flow.protocol)}, 'Array(UInt8)')) AS slots`;
    found.push(...((await ask<{ slots: number[] }>(client, query))[0]?.slots ?? []));
  }
  return found;
}

/** The weights of all shards: a hash modulo that chooses among them. */
async function readSlotCount(client: ClickHouseClient, cluster: string): Promise<number> {
  const query = `SELECT toUInt32(sum(shard_weight)) AS slots FROM
    (SELECT DISTINCT shard_num, shard_weight FROM system.clusters WHERE cluster = {cluster:String})`;
  const [row] = await ask<{ slots: number }>(client, query, { cluster });
  if (!row?.slots) throw new Error(`the server knows no cluster ${cluster}`);
  return row.slots;
}

async function ask<Row>(client: ClickHouseClient, query: string, parameters = {}): Promise<Row[]> {
  const result = await client.query({ query, query_params: parameters, format: 'JSONEachRow' });
  return result.json<Row>();
}
