// Versioned, forward-only migrations of the ClickHouse schema: deploy/clickhouse/migrations/NNN_name.sql.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { type MigrationLock, takeMigrationLock } from './migration-lock.ts';
import { type ClusterLayout, ddlSettings, onCluster, rewriteForCluster } from './migrations-cluster.ts';
import { checkPlace } from './migrations-place.ts';
import { planRetention, type Retention } from './retention.ts';
import { openViewSettler } from './settle-views.ts';

export interface Migration {
  version: number;
  name: string;
  /** SHA-256 of the file. */
  checksum: string;
  statements: string[];
}

export interface AppliedMigration {
  version: number;
  name: string;
  checksum: string;
}

const folder = new URL('../../deploy/clickhouse/migrations/', import.meta.url);

/** @returns all migrations in order @throws {TcxflowError} two of one version */
export function loadMigrations(from: URL = folder): Migration[] {
  const migrations = readdirSync(from)
    .filter((file) => /^\d{3}_\w+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, from), 'utf8');
      return {
        version: Number.parseInt(file, 10),
        name: file.replace(/\.sql$/, ''),
        checksum: createHash('sha256').update(text).digest('hex'),
        statements: splitStatements(text),
      };
    });
  for (const [index, { name, version }] of migrations.entries())
    if (version === migrations[index - 1]?.version)
      throw new TcxflowError('MIGRATION', `migrations ${migrations[index - 1]?.name} and ${name} have one version`);
  return migrations;
}

/** Statements end with a semicolon at the end of a line; lines that start with -- are comments. */
export function splitStatements(text: string): string[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('--'));
  return lines
    .join('\n')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/**
 * What is still to be applied.
 * @throws {TcxflowError} the database is newer than this program, or an applied file was changed since
 */
export function planMigrations(all: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  for (const done of applied) {
    const known = all.find((migration) => migration.version === done.version);
    if (!known)
      throw new TcxflowError(
        'MIGRATION_UNKNOWN',
        `the database has migration ${done.name}, which this version does not know`,
        {
          hint: 'use a tcxflow version at least as new as the one that made the schema',
        },
      );
    if (known.checksum !== done.checksum)
      throw new TcxflowError('MIGRATION_CHANGED', `migration ${done.name} was changed after it had been applied`, {
        hint: 'restore the file, and put the change into a new migration',
      });
  }
  return all.filter((migration) => !applied.some((done) => done.version === migration.version));
}

export async function readApplied(client: ClickHouseClient): Promise<AppliedMigration[]> {
  const exists = await client.query({ query: 'EXISTS TABLE schema_migrations', format: 'JSONEachRow' });
  const [answer] = await exists.json<{ result: number }>();
  if (!answer?.result) return [];
  const result = await client.query({
    query: 'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
    format: 'JSONEachRow',
  });
  return result.json<AppliedMigration>();
}

export interface MigrationStep {
  name: string;
  statements: readonly string[];
  /** None: it is no file, and not remembered. */
  migration?: Migration;
}

/**
 * @param retention days of the tables; without, they are left as they are
 * @param layout of a cluster; without, the tables are plain ones
 * @throws {TcxflowError} the cluster is not as it must be, or the schema was made for another place
 */
export async function planSteps(
  client: ClickHouseClient,
  retention?: Retention,
  layout?: ClusterLayout,
): Promise<MigrationStep[]> {
  await checkPlace(client, layout);
  const place = (statement: string) => (layout ? rewriteForCluster(statement, layout) : [statement]);
  const missing = planMigrations(loadMigrations(), await readApplied(client));
  const steps: MigrationStep[] = missing.map((migration) => ({
    name: migration.name,
    statements: migration.statements.flatMap(place),
    migration,
  }));
  if (!retention) return steps;
  const changes = await planRetention(client, retention);
  return [
    ...steps,
    ...changes.map(({ table, fromDays, toDays, statement }) => ({
      name: `retention of ${table}: ${toDays} days instead of ${fromDays}`,
      statements: place(statement),
    })),
  ];
}

/**
 * Applies what is missing. Each statement must be one that can be repeated (IF NOT EXISTS): ClickHouse has no transaction around
 * a migration, so one that was cut off is applied again from its beginning.
 * @returns the names of what was applied
 */
export async function migrate(
  client: ClickHouseClient,
  retention?: Retention,
  layout?: ClusterLayout,
): Promise<string[]> {
  if ((await planSteps(client, retention, layout)).length === 0) return [];
  const lock = await takeMigrationLock(client, Date.now, layout);
  try {
    await client.command({ query: schemaMigrations(layout), clickhouse_settings: ddlSettings(layout) });
    // Planned again: somebody may have been faster. New tables have their TTL from the files, so that comes after them.
    const done = await applySteps(client, await planSteps(client, undefined, layout), lock, layout);
    return [...done, ...(await applySteps(client, await planSteps(client, retention, layout), lock, layout))];
  } finally {
    await lock.release();
  }
}

/** On a cluster one table that all nodes of all shards have. */
function schemaMigrations(layout?: ClusterLayout): string {
  const engine = layout
    ? `ReplicatedMergeTree('/clickhouse/tables/all/${layout.database}/schema_migrations', '{shard}-{replica}')`
    : 'MergeTree';
  return `CREATE TABLE IF NOT EXISTS schema_migrations${layout ? onCluster(layout) : ''}
        (version UInt32, name String, checksum String, appliedAt DateTime DEFAULT now())
        ENGINE = ${engine} ORDER BY version COMMENT 'Applied files of deploy/clickhouse/migrations'`;
}

async function applySteps(
  client: ClickHouseClient,
  steps: MigrationStep[],
  lock: MigrationLock,
  layout?: ClusterLayout,
): Promise<string[]> {
  const views = await openViewSettler(client, layout ? onCluster(layout) : '');
  for (const { statements, migration } of steps) {
    for (const query of statements) {
      await lock.renew();
      await client.command({ query, clickhouse_settings: ddlSettings(layout) });
    }
    if (!migration) continue;
    await views.settle(statements);
    const { version, name, checksum } = migration;
    await client.insert({ table: 'schema_migrations', values: [{ version, name, checksum }], format: 'JSONEachRow' });
  }
  return steps.map(({ name }) => name);
}
