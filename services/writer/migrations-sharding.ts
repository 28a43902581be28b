// On a cluster each table is two: NAME_local holds a shard's rows, replicated; NAME is Distributed over the shards. What asks and
// what inserts says NAME; materialized views read and fill NAME_local.

/** Both directions of a flow in one shard. */
const FLOW = `cityHash64(least(srcAddress, dstAddress), greatest(srcAddress, dstAddress), least(srcPort, dstPort), greatest(srcPort, dstPort), protocol)`;
/** All of an agent in one shard: rows that replace one another must meet, as FINAL looks at a shard by itself. */
const AGENT = 'cityHash64(agent)';
/** Filled by materialized views alone, in the shard of what they read: to insert into NAME is refused (code 55). */
const ROLLUP = undefined;

/** Table → the hash that chooses a row's shard. */
const shardingKeys: Record<string, string | undefined> = {
  flows: FLOW,
  flow_summaries: `cityHash64(keySet, agent, ifIndex, srcAddress, dstAddress, srcPort, dstPort, protocol, srcAs, dstAs)`,
  flows_1m: ROLLUP,
  flows_5m: ROLLUP,
  flows_1h: ROLLUP,
  flows_1d: ROLLUP,
  flows_hosts_1h: ROLLUP,
  flows_prefixes_1h: ROLLUP,
  interface_counters: AGENT,
  host_counters: AGENT,
  hosts: ROLLUP,
  interfaces: AGENT,
  drops: AGENT,
  drop_samples: AGENT,
  captured: AGENT,
  captured_points: ROLLUP,
  ledger: AGENT,
  stored: ROLLUP,
  samples: AGENT,
  writer_progress: 'cityHash64(topic, partition)',
  removed: 'cityHash64(table, partition)',
};

export const isSharded = (table: string): boolean => table in shardingKeys;
export const shardingKeyOf = (table: string): string | undefined => shardingKeys[table];
export const localName = (table: string): string => `${table}_local`;
/** The name that is asked, of a table as system.tables has it. */
export const globalName = (table: string): string => table.replace(/_local$/, '');
