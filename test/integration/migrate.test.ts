// Migrations against a real ClickHouse: one at a time, repeatable, with the retention that the configuration says.

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { writerSection } from '@tcxflow/writer/config.ts';
import { takeMigrationLock } from '@tcxflow/writer/migration-lock.ts';
import { loadMigrations, migrate, planSteps } from '@tcxflow/writer/migrations.ts';
import { planText } from '../../services/cli/migrate.ts';
import { openStore, type Store } from '../support/store.ts';

const { retention } = writerSection.parse({});

describe('migrations', skipWithout('clickhouse'), () => {
  let store: Store;
  before(async () => {
    store = await openStore();
  });
  after(() => store?.stop());

  const forget = async (version: number) =>
    store.client.command({
      query: `ALTER TABLE schema_migrations DELETE WHERE version >= ${version} SETTINGS mutations_sync = 1`,
    });

  test('what was applied, with the configuration’s defaults, leaves nothing to do', async () => {
    assert.deepEqual(await planSteps(store.client, retention), []);
    assert.deepEqual(await migrate(store.client, retention), []);
    assert.equal(planText([]), 'the schema is up to date\n');
  });

  test('every file can be applied again, as after one that was cut off', async () => {
    await forget(1);
    const names = loadMigrations().map(({ name }) => name);
    assert.deepEqual(await migrate(store.client, retention), names);
    assert.deepEqual(await migrate(store.client, retention), []);
  });

  test('a plan names the steps and their statements, and changes nothing', async () => {
    await forget(2);
    const plan = planText(await planSteps(store.client, retention));
    assert.match(
      plan,
      /^would apply 002_interface_counters\n {4}CREATE TABLE IF NOT EXISTS interface_counters\nwould apply 003/,
    );
    assert.equal((await planSteps(store.client)).length, loadMigrations().length - 1);
    await migrate(store.client);
  });

  test('days of the configuration become the TTL, once', async () => {
    const changed = { ...retention, flowsDays: 7, hoursDays: 400 };
    const hours = ['flows_1h', 'flows_hosts_1h', 'flows_prefixes_1h'];
    assert.deepEqual((await migrate(store.client, changed)).sort(), [
      'retention of flows: 7 days instead of 30',
      ...hours.map((table) => `retention of ${table}: 400 days instead of 730`),
    ]);
    assert.deepEqual(await migrate(store.client, changed), []);
    const [flows] = await store.ask<{ text: string }>(
      `SELECT engine_full AS text FROM system.tables WHERE name = 'flows'`,
    );
    assert.match(flows?.text ?? '', /TTL toDateTime\(windowStart\) \+ toIntervalDay\(7\)/);
  });

  test('a database of a newer version is refused', async () => {
    const newer = { version: 999, name: '999_future', checksum: 'x' };
    await store.client.insert({ table: 'schema_migrations', values: [newer], format: 'JSONEachRow' });
    await assert.rejects(migrate(store.client, retention), { code: 'MIGRATION_UNKNOWN', message: /999_future/ });
    await forget(999);
  });

  test('two do not migrate at the same time; a lock that nobody renews is taken over', async () => {
    const last = loadMigrations()
      .slice(6)
      .map(({ name }) => name);
    await forget(7);
    const lock = await takeMigrationLock(store.client);
    await assert.rejects(migrate(store.client), { code: 'MIGRATION_LOCKED', message: new RegExp(` ${process.pid} `) });
    await lock.renew();
    await lock.release();
    await takeMigrationLock(store.client, () => Date.now() - 6 * 60_000); // and stands still
    assert.deepEqual(await migrate(store.client), last);
    await forget(7);
    const gone = `${hostname()} 999999999 ${new Date().toISOString()}`;
    await store.client.command({
      query: `CREATE TABLE schema_lock (held UInt8) ENGINE = MergeTree ORDER BY held COMMENT '${gone}'`,
    });
    assert.deepEqual(await migrate(store.client), last);
    assert.deepEqual(await store.ask(`SELECT name FROM system.tables WHERE name = 'schema_lock'`), []);
  });
});
