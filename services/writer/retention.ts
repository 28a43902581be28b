// How long each table keeps its rows. The migrations make the tables with the defaults; `tcxflow migrate` brings them to what
// the configuration says.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import type { WriterConfig } from './config.ts';
import { globalName } from './migrations-sharding.ts';

export type Retention = WriterConfig['retention'];

/** Table → the time that its rows age from, and the key that says how long. */
const tables: Record<string, [expression: string, key: keyof Retention]> = {
  flows: ['toDateTime(windowStart)', 'flowsDays'],
  flow_summaries: ['toDateTime(windowStart)', 'summariesDays'],
  flows_1m: ['minute', 'minutesDays'],
  flows_5m: ['time', 'fiveMinutesDays'],
  flows_1h: ['time', 'hoursDays'],
  flows_1d: ['time', 'daysDays'],
  flows_hosts_1h: ['time', 'hoursDays'],
  flows_prefixes_1h: ['time', 'hoursDays'],
  interface_counters: ['toDateTime(time)', 'countersDays'],
  host_counters: ['toDateTime(time)', 'countersDays'],
  drops: ['toDateTime(time)', 'countersDays'],
  drop_samples: ['toDateTime(time)', 'dropSamplesDays'],
  captured: ['minute', 'ledgerDays'],
  captured_points: ['toDateTime(newest)', 'ledgerDays'],
  ledger: ['minute', 'ledgerDays'],
  stored: ['minute', 'ledgerDays'],
  samples: ['toDateTime(time)', 'samplesDays'],
};

export interface RetentionChange {
  table: string;
  fromDays: number;
  toDays: number;
  statement: string;
}

/** What differs between the tables and the configuration; a table that is not there yet is left out. */
export async function planRetention(client: ClickHouseClient, retention: Retention): Promise<RetentionChange[]> {
  const result = await client.query({
    query: `SELECT name, toUInt32OrZero(extract(engine_full, 'TTL .*toIntervalDay\\\\((\\\\d+)\\\\)')) AS days
            FROM system.tables WHERE database = currentDatabase() AND engine != 'Distributed'`,
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ name: string; days: number }>();
  return rows.flatMap(({ name, days: fromDays }) => {
    const table = globalName(name);
    const [expression, key] = tables[table] ?? [];
    if (expression === undefined || key === undefined || retention[key] === fromDays) return [];
    const toDays = retention[key];
    return {
      table,
      fromDays,
      toDays,
      statement: `ALTER TABLE ${table} MODIFY TTL ${expression} + INTERVAL ${toDays} DAY`,
    };
  });
}
