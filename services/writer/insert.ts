// One INSERT of one block under its deduplication token.

import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';

export interface Block {
  table: string;
  format: string;
  body: Buffer[];
  /** The same block always has the same token: ClickHouse and its views drop what they have. */
  token: string;
}

/** Resolves when ClickHouse has the block, in the table and in its views. @throws what ClickHouse or the network answered */
export async function insertBlock(client: ClickHouseClient, block: Block): Promise<void> {
  const result = await client.exec({
    query: `INSERT INTO ${block.table} FORMAT ${block.format}`,
    // In one piece: as many chunks as rows would cost more than joining them.
    values: Readable.from([Buffer.concat(block.body)], { objectMode: false }),
    clickhouse_settings: {
      insert_deduplicate: 1,
      insert_deduplication_token: block.token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
      async_insert: 0,
      // On a cluster an answer means that the shards have it.
      insert_distributed_sync: 1,
      // One block: it is refused before any of it is stored, and its token stands for all of it.
      max_insert_block_size: '20000000',
      min_insert_block_size_rows: '20000000',
      min_insert_block_size_bytes: '8000000000',
      // The views have added up already; doing it again while inserting doubles an insert's time. Merges add up the rest.
      optimize_on_insert: 0,
      // Times that somebody made up lie on many days. A block that is refused for it would be tried for ever.
      throw_on_max_partitions_per_insert_block: 0,
      // A row of JSON with a column that is missing here is a mistake, not a default.
      input_format_skip_unknown_fields: 0,
    },
  });
  for await (const _ of result.stream); // an INSERT answers nothing, but the connection is free only when it was read
}
