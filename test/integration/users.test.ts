// deploy/clickhouse/users. The embedded ClickHouse keeps no users made by SQL: it shows that the statements are ClickHouse's
// language and lacks only a place to put them. What the roles may is held against what the writer does.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { blockFormatsOf } from '@tcxflow/writer/block-formats.ts';
import { loadMigrations, splitStatements } from '@tcxflow/writer/migrations.ts';
import { REMOVAL_ORDER } from '@tcxflow/writer/size-cap.ts';
import { openStore, type Store } from '../support/store.ts';

const statementsOf = (name: string) =>
  splitStatements(readFileSync(new URL(`../../deploy/clickhouse/users/${name}.sql`, import.meta.url), 'utf8'));

/** What materialized views read: an insert needs it too, where they have no definer. */
const sources = loadMigrations()
  .flatMap(({ statements }) => statements)
  .filter((text) => /^CREATE MATERIALIZED VIEW|^ALTER TABLE \w+ MODIFY QUERY/.test(text))
  .flatMap((text) => [...text.matchAll(/\bFROM (\w+)/g)].map(([, table]) => table as string));

test('the writer may insert into the tables that it fills, and read what views and it read', () => {
  const tables = Object.values(blockFormatsOf({ samples: true })).flatMap(({ tables }) =>
    tables.map(({ table }) => table),
  );
  assert.deepEqual(
    statementsOf('writer')
      .filter((text) => text.startsWith('GRANT'))
      .sort(),
    [
      ...tables.map((table) => `GRANT INSERT ON tcxflow.${table} TO tcxflow_writer`),
      'GRANT SELECT ON tcxflow.schema_migrations TO tcxflow_writer',
      'GRANT SELECT, INSERT ON tcxflow.writer_progress TO tcxflow_writer',
      ...[...new Set(sources)].map((table) => `GRANT SELECT ON tcxflow.${table} TO tcxflow_writer`),
    ].sort(),
  );
});

test('on a cluster the writer may do with local tables what it may do with those before them', () => {
  const own = statementsOf('writer').filter((text) => text.startsWith('GRANT') && !text.includes('schema_migrations'));
  const local = statementsOf('cluster').filter((text) => text.endsWith(' TO tcxflow_writer'));
  assert.deepEqual(local, [
    ...own.map((text) => text.replace(/(tcxflow\.\w+)/, '$1_local')),
    'GRANT SELECT ON system.clusters TO tcxflow_writer',
  ]);
});

test('the size cap may remove rows of the tables that it removes from, and say so', () => {
  const tables = REMOVAL_ORDER.flat().sort();
  const deletes = (file: string) =>
    statementsOf(file).flatMap((text) => /^GRANT ALTER DELETE ON tcxflow\.(\w+)/.exec(text)?.[1] ?? []);
  assert.deepEqual(deletes('size-cap').sort(), tables);
  assert.deepEqual(deletes('size-cap-cluster').sort(), tables.map((table) => `${table}_local`).sort());
});

test('the analyst may read and nothing else, and no limit can be lifted', () => {
  const [profile = '', role = '', ...grants] = statementsOf('analyst');
  assert.match(role, /^CREATE ROLE .* SETTINGS PROFILE 'tcxflow_analyst'$/);
  assert.deepEqual(grants, ['GRANT SELECT ON tcxflow.* TO tcxflow_analyst']);
  for (const limit of ['max_memory_usage', 'max_execution_time', 'max_rows_to_read', 'max_result_rows']) {
    const [, value, min, max] = new RegExp(`${limit} = (\\d+) MIN (\\d+) MAX (\\d+)`).exec(profile) ?? [];
    assert.equal(min, '1', limit); // 0 means no limit
    assert.equal(value, max, limit);
  }
});

test('the admin may make tables with every engine that the migrations use', () => {
  const engines = loadMigrations()
    .flatMap(({ statements }) => statements)
    .flatMap((text) => [...text.matchAll(/^ENGINE = (\w+)/gm)].map(([, engine]) => engine));
  for (const engine of new Set(engines)) {
    assert.ok(statementsOf('admin').includes(`GRANT TABLE ENGINE ON ${engine} TO tcxflow_admin`), engine);
    assert.ok(statementsOf('cluster').includes(`GRANT TABLE ENGINE ON Replicated${engine} TO tcxflow_admin`), engine);
  }
});

describe('the users’ SQL', skipWithout('clickhouse'), () => {
  let store: Store;
  before(async () => {
    store = await openStore();
  });
  after(() => store?.stop());

  test('is understood by ClickHouse', async () => {
    for (const query of ['admin', 'writer', 'analyst', 'cluster', 'size-cap', 'size-cap-cluster'].flatMap(
      statementsOf,
    )) {
      const [formatted] = await store.ask<{ text: string }>('SELECT formatQuery({query:String}) AS text', { query });
      assert.ok(formatted?.text, query);
    }
  });
});
