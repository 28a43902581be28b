// One migration at a time: a table that only one can create. ClickHouse has neither locks nor transactions for its schema.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';

const TABLE_ALREADY_EXISTS = '57';
/** Longer than any statement may take: the lock is renewed before each. */
const STALE_MS = 5 * 60_000;

export interface MigrationLock {
  /** Says that the holder lives. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

/** @throws {TcxflowError} somebody else migrates; a lock that nobody renews is taken over */
export async function takeMigrationLock(client: ClickHouseClient, now = Date.now): Promise<MigrationLock> {
  const holder = () => `${hostname()} ${process.pid} ${new Date(now()).toISOString()}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await client.command({
        query: `CREATE TABLE schema_lock (held UInt8) ENGINE = MergeTree ORDER BY held COMMENT '${holder()}'`,
      });
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== TABLE_ALREADY_EXISTS) throw error;
      const held = await readHolder(client);
      if (held !== '' && (attempt > 0 || !isDead(held, now())))
        throw new TcxflowError('MIGRATION_LOCKED', `another migration is under way: ${held}`, {
          hint: 'try again when it has ended; one that died on another machine is given up after five minutes',
        });
    }
    await client.command({ query: 'DROP TABLE IF EXISTS schema_lock SYNC' });
  }
  return {
    renew: async () => void (await client.command({ query: `ALTER TABLE schema_lock MODIFY COMMENT '${holder()}'` })),
    release: async () => void (await client.command({ query: 'DROP TABLE IF EXISTS schema_lock SYNC' })),
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
