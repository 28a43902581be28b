// Which blocks of a partition are in the tables: writer_progress, of which a row is written between a block's inserts and
// its commit. docs/explanation/delivery.md says what that is good for.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';

/** All messages of the partition up to `lastOffset` are in. */
export interface Progress {
  lastOffset: number;
  /** Largest Kafka timestamp of the messages up to `lastOffset`, ms since 1970. */
  newestMs: number;
}

export interface ProgressBlock extends Progress {
  firstOffset: number;
  /** Of all tables together. */
  rows: number;
}

export interface ProgressLog {
  read(topic: string, partition: number): Promise<Progress | undefined>;
  write(topic: string, partition: number, block: ProgressBlock): Promise<void>;
  /** How many blocks of all partitions came in since: so many tokens newer than that the tables have. */
  countSince(timeMs: number): Promise<number>;
}

/** 2262: no later time is one of a table. */
const LATEST_MS = 9_214_000_000_000;

const timeText = (ms: number) => new Date(Math.min(ms, LATEST_MS)).toISOString().replace('T', ' ').replace('Z', '');

/** @param cluster id of the Kafka cluster: offsets of another one mean nothing */
export function createProgressLog(client: ClickHouseClient, cluster: () => Promise<string>): ProgressLog {
  return {
    async read(topic, partition) {
      // A topic that was made anew begins at offset 0 again, with later timestamps: the greatest offset may be of the old one.
      const result = await client.query({
        query: `SELECT toFloat64(latest.2) AS lastOffset, toFloat64(toUnixTimestamp64Milli(latest.1)) AS newestMs
                FROM (SELECT max((newest, lastOffset)) AS latest, count() AS blocks FROM writer_progress
                      WHERE cluster = {cluster:String} AND topic = {topic:String} AND partition = {partition:UInt32})
                WHERE blocks > 0`,
        query_params: { cluster: await cluster(), topic, partition },
        format: 'JSONEachRow',
      });
      const [row] = await result.json<Progress>();
      return row;
    },
    async write(topic, partition, { newestMs, ...block }) {
      const values = [{ cluster: await cluster(), topic, partition, ...block, newest: timeText(newestMs) }];
      await client.insert({
        table: 'writer_progress',
        values,
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0, insert_distributed_sync: 1 },
      });
    },
    async countSince(timeMs) {
      const result = await client.query({
        query: `SELECT toFloat64(count()) AS blocks FROM writer_progress
                WHERE writtenAt >= toDateTime64({since:Float64}, 3, 'UTC')`,
        query_params: { since: timeMs / 1000 },
        format: 'JSONEachRow',
      });
      const [row] = await result.json<{ blocks: number }>();
      return row?.blocks ?? 0;
    },
  };
}
