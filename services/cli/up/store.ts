// What ClickHouse has of this run: asked of the rollup, so that it is the whole way that is checked.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';

export interface StoreTotals {
  rows: number;
  samples: number;
  packets: number;
  bytes: number;
  bytesVariance: number;
}

/** Sums over the agent's rows in flows_1m; rows counts flow records. */
export async function readTotals(client: ClickHouseClient, agent: string): Promise<StoreTotals> {
  const result = await client.query({
    query: `SELECT toFloat64(sum(flows)) AS rows, toFloat64(sum(samples)) AS samples, toFloat64(sum(packets)) AS packets,
              toFloat64(sum(bytes)) AS bytes, sum(bytesVariance) AS bytesVariance
            FROM flows_1m WHERE agent = {agent:String}`,
    query_params: { agent },
    format: 'JSONEachRow',
  });
  const [totals] = await result.json<StoreTotals>();
  return totals ?? { rows: 0, samples: 0, packets: 0, bytes: 0, bytesVariance: 0 };
}

/** Half the width of the 95 % interval of a sum with this variance. */
export function margin95(variance: number): number {
  return 1.96 * Math.sqrt(variance);
}

export interface Talker {
  src: string;
  dst: string;
  protocol: string;
  port: number;
  bytes: number;
  margin: number;
  samples: number;
}

/** The largest conversations of the agent, with the margin of each. */
export async function readTopTalkers(client: ClickHouseClient, agent: string, limit: number): Promise<Talker[]> {
  const result = await client.query({
    query: `SELECT replaceRegexpOne(toString(srcAddress), '^::ffff:', '') AS src,
              replaceRegexpOne(toString(dstAddress), '^::ffff:', '') AS dst,
              transform(protocol, [1, 6, 17, 58], ['icmp', 'tcp', 'udp', 'icmp6'], toString(protocol)) AS protocol,
              servicePort AS port, toFloat64(sum(bytes)) AS bytes, 1.96 * sqrt(sum(bytesVariance)) AS margin,
              toFloat64(sum(samples)) AS samples
            FROM flows_1m WHERE agent = {agent:String}
            GROUP BY src, dst, flows_1m.protocol, servicePort ORDER BY bytes DESC LIMIT {limit:UInt32}`,
    query_params: { agent, limit },
    format: 'JSONEachRow',
  });
  return result.json<Talker>();
}
