// One migration at a time: a table that only one can create. ClickHouse has neither locks nor transactions for its schema.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { type ClusterLayout, ddlSettings, onCluster } from './migrations-cluster.ts';

const TABLE_ALREADY_EXISTS = '57';
/** Longer than any statement may take: the lock is renewed before each. */
const STALE_MS = 5 * 60_000;

export interface MigrationLock {
  /** Says that the holder lives. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

/**
 * @param layout of a cluster: all its nodes have the table. They carry out what is said ON CLUSTER in one order, so that one is first on all.
 * @throws {TcxflowError} somebody else migrates; a lock that nobody renews is taken over
 */
export async function takeMigrationLock(
  client: ClickHouseClient,
  now = Date.now,
  layout?: ClusterLayout,
): Promise<MigrationLock> {
  const command = async (query: string) =>
    void (await client.command({ query, clickhouse_settings: ddlSettings(layout) }));
  const place = layout ? onCluster(layout) : '';
  const holder = () => `${hostname()} ${process.pid} ${new Date(now()).toISOString()}`;
  for (let attempt = 0; ; attempt++) {
    const mine = holder();
    try {
      await command(`CREATE TABLE schema_lock${place} (held UInt8) ENGINE = MergeTree ORDER BY held COMMENT '${mine}'`);
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== TABLE_ALREADY_EXISTS) throw error;
      const held = await readHolder(client);
      // One's own: some node had one left over, and this node not.
      if (held !== '' && (attempt > 0 || !(held === mine || isDead(held, now()))))
        throw new TcxflowError('MIGRATION_LOCKED', `another migration is under way: ${held}`, {
          hint: 'try again when it has ended; one that died on another machine is given up after five minutes',
        });
    }
    await command(`DROP TABLE IF EXISTS schema_lock${place} SYNC`);
  }
  return {
    renew: () => command(`ALTER TABLE schema_lock${place} MODIFY COMMENT '${holder()}'`),
    release: () => command(`DROP TABLE IF EXISTS schema_lock${place} SYNC`),
  };
}

/** Of a process of this machine that is gone, or of one that has said nothing for long. */
function isDead(held: string, now: number): boolean {
  const [host, pid = '', time = ''] = held.split(' ');
  return (host === hostname() && !existsSync(`/proc/${pid}`)) || now - Date.parse(time) > STALE_MS;
}

/** Host, process and time; empty when the lock has gone meanwhile. */
async function readHolder(client: ClickHouseClient): Promise<string> {
  const result = await client.query({
    query: `SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'schema_lock'`,
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ comment: string }>();
  return row?.comment ?? '';
}
