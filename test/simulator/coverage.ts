// How often the intervals have the truth, asked of ClickHouse as an analyst does: of the flows, and of each rollup.

import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { Store } from '../support/store.ts';
import { makeTrials, type Shape } from './trials.ts';

export const shapes: readonly Shape[] = ['mice', 'elephants', 'bursts'];

/** Where a table has a trial's sums, and what they are called. */
const tables = {
  flows: measures('dstAddress', ''),
  flows_1m: measures('dstAddress', ''),
  flows_5m: measures('dstAddress', ''),
  flows_1h: measures('dstAddress', ''),
  flows_1d: measures('dstAddress', ''),
  flows_hosts_1h: measures('address', 'Received'),
  flows_prefixes_1h: measures('dstPrefix', ''),
};

function measures(key: string, side: string) {
  const names = { bytes: `bytes${side}`, packets: `packets${side}` };
  return { key, ...names, bytesVariance: `${names.bytes}Variance`, packetsVariance: `${names.packets}Variance` };
}

export interface Coverage {
  shape: Shape;
  table: string;
  trials: number;
  /** Share of trials whose interval has the truth. */
  bytes: number;
  packets: number;
}

export interface CoverageOptions {
  trials: number;
  /** Of a trial, on average. */
  samples: number;
  seed: number;
  beginMs: number;
}

let offset = 0;

/** A trial without a sample counts as one that has not: nothing is asked of it. */
export async function measureCoverage(store: Store, options: CoverageOptions): Promise<Coverage[]> {
  const result: Coverage[] = [];
  for (const [number, shape] of shapes.entries()) {
    const network = 20 + number;
    const { flows, ...truth } = makeTrials(shape, { ...options, network, seed: options.seed + number });
    const agent = `${shape}-${options.samples}-${options.seed}`;
    const messages = flows.map((flow) => flowCodec.encode({ ...flow, agent }));
    await store.write(topicNames.flows, offset, messages);
    offset += messages.length;
    for (const [table, names] of Object.entries(tables)) {
      const { key, bytes, packets, bytesVariance, packetsVariance } = names;
      const query = `SELECT countIf(lo <= {bytes:Float64} AND {bytes:Float64} <= hi) AS bytesIn,
          countIf(packetsLo <= {packets:Float64} AND {packets:Float64} <= packetsHi) AS packetsIn
        FROM (SELECT bytes_lo(t.${bytes}, t.${bytesVariance}) AS lo, bytes_hi(t.${bytes}, t.${bytesVariance}) AS hi,
            packets_lo(t.${packets}, t.${packetsVariance}) AS packetsLo, packets_hi(t.${packets}, t.${packetsVariance}) AS packetsHi
          FROM ${table} AS t WHERE agent = {agent:String} AND t.${packets} > 0 GROUP BY t.${key})`;
      const [row] = await store.ask<{ bytesIn: string; packetsIn: string }>(query, { ...truth, agent });
      const share = (count: string | undefined) => Number(count ?? 0) / options.trials;
      result.push({ shape, table, trials: options.trials, bytes: share(row?.bytesIn), packets: share(row?.packetsIn) });
    }
  }
  return result;
}
