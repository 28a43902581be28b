// The token of a block in a view depends on the view's query as ClickHouse has it in memory: with names as they were written while
// that server runs which made the view, with their database before them after a restart. A block that is repeated across this
// restart would be a new one to the view, and counted twice. So a new view is made again at once, from the text that a restart reads.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';

interface View {
  name: string;
  uuid: string;
  /** CREATE MATERIALIZED VIEW …, names with their database. */
  definition: string;
}

async function readViews(client: ClickHouseClient): Promise<View[]> {
  const result = await client.query({
    query: `SELECT name, toString(uuid) AS uuid, create_table_query AS definition FROM system.tables
            WHERE database = currentDatabase() AND engine = 'MaterializedView' ORDER BY name`,
    format: 'JSONEachRow',
  });
  return result.json<View>();
}

export interface ViewSettler {
  /** Makes those views again that are new since it was opened and named in these statements. One that had been there is let be. */
  settle(statements: readonly string[]): Promise<void>;
}

/** @param place ` ON CLUSTER …`, or nothing */
export async function openViewSettler(client: ClickHouseClient, place = ''): Promise<ViewSettler> {
  const before = new Set((await readViews(client)).map(({ uuid }) => uuid));
  return {
    async settle(statements) {
      const text = statements.join('\n');
      if (!/\bVIEW\b|\bMODIFY QUERY\b/.test(text)) return;
      const words = new Set(text.match(/\w+/g));
      for (const { name, uuid, definition } of await readViews(client)) {
        if (before.has(uuid) || !words.has(name)) continue;
        // The replacement is atomic, so that a migration which ends here leaves no view missing.
        await client.command({
          query: definition.replace(
            /^CREATE MATERIALIZED VIEW (\S+)/,
            `CREATE OR REPLACE MATERIALIZED VIEW $1${place}`,
          ),
        });
      }
    },
  };
}
