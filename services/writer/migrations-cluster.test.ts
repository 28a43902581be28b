// What the migrations are for a cluster. That a real ClickHouse takes it: test/integration/cluster.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadMigrations } from './migrations.ts';
import { rewriteForCluster } from './migrations-cluster.ts';

const layout = { cluster: 'main', database: 'net' };
const rewrite = (statement: string) => rewriteForCluster(statement, layout);

describe('for a cluster', () => {
  test('a table becomes a replicated one and a distributed one before it', () => {
    const table = `CREATE TABLE IF NOT EXISTS drops
(
    agent String COMMENT 'says ENGINE = Memory, isn\\'t; SETTINGS non_replicated_deduplication_window = 1'
)
ENGINE = MergeTree
ORDER BY agent
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Drops'`;
    assert.deepEqual(rewrite(table), [
      `CREATE TABLE IF NOT EXISTS drops_local ON CLUSTER main
(
    agent String COMMENT 'says ENGINE = Memory, isn\\'t; SETTINGS non_replicated_deduplication_window = 1'
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/net/drops_local', '{replica}')
ORDER BY agent
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, ttl_only_drop_parts = 1
COMMENT 'Drops'`,
      `CREATE TABLE IF NOT EXISTS drops ON CLUSTER main AS drops_local
ENGINE = Distributed('main', 'net', 'drops_local', cityHash64(agent))
COMMENT 'Drops'`,
    ]);
  });

  test('an engine keeps its own arguments behind those of the replication', () => {
    const engineOf = (engine: string) =>
      /^ENGINE = .*/m.exec(
        rewrite(`CREATE TABLE IF NOT EXISTS ledger (a Int8)
ENGINE = ${engine}
ORDER BY a SETTINGS non_replicated_deduplication_window = 1 COMMENT ''`)[0] as string,
      )?.[0];
    const place = `'/clickhouse/tables/{shard}/net/ledger_local', '{replica}'`;
    assert.equal(engineOf('ReplacingMergeTree(at)'), `ENGINE = ReplicatedReplacingMergeTree(${place}, at)`);
    assert.equal(engineOf('SummingMergeTree((a, b))'), `ENGINE = ReplicatedSummingMergeTree(${place}, (a, b))`);
    assert.equal(engineOf('MergeTree()'), `ENGINE = ReplicatedMergeTree(${place})`);
  });

  test('what only views fill has no key to shard by, so that nobody else inserts', () => {
    const [, distributed] = rewrite(
      `CREATE TABLE IF NOT EXISTS flows_1m (a Int8) ENGINE = MergeTree SETTINGS non_replicated_deduplication_window = 1 COMMENT ''`,
    );
    assert.match(distributed ?? '', /Distributed\('main', 'net', 'flows_1m_local'\)/);
  });

  test('a materialized view reads and fills its own shard, by the names that it used', () => {
    assert.deepEqual(
      rewrite(`CREATE MATERIALIZED VIEW IF NOT EXISTS v TO flows_1m AS
SELECT sum(flows.bytes) AS bytes, 'FROM flows' AS text FROM flows GROUP BY a`),
      [
        `CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER main TO flows_1m_local AS
SELECT sum(flows.bytes) AS bytes, 'FROM flows' AS text FROM flows_local AS flows GROUP BY a`,
      ],
    );
    assert.deepEqual(rewrite('ALTER TABLE v MODIFY QUERY SELECT f.a FROM (SELECT * FROM flows AS f WHERE 1)'), [
      'ALTER TABLE v ON CLUSTER main MODIFY QUERY SELECT f.a FROM (SELECT * FROM flows_local AS f WHERE 1)',
    ]);
    assert.deepEqual(
      rewrite('CREATE OR REPLACE MATERIALIZED VIEW v TO stored AS SELECT a FROM flows ARRAY JOIN b WHERE c'),
      [
        'CREATE OR REPLACE MATERIALIZED VIEW v ON CLUSTER main TO stored_local AS SELECT a FROM flows_local AS flows ARRAY JOIN b WHERE c',
      ],
    );
  });

  test('views, functions and dictionaries are made on all nodes, and ask the distributed tables', () => {
    assert.deepEqual(rewrite('CREATE OR REPLACE VIEW v AS SELECT * FROM flows JOIN hosts USING agent'), [
      'CREATE OR REPLACE VIEW v ON CLUSTER main AS SELECT * FROM flows JOIN hosts USING agent',
    ]);
    assert.deepEqual(rewrite('CREATE OR REPLACE FUNCTION f AS (a) -> a + 1'), [
      'CREATE OR REPLACE FUNCTION f ON CLUSTER main AS (a) -> a + 1',
    ]);
    assert.deepEqual(rewrite("CREATE DICTIONARY IF NOT EXISTS d (a Int8) SOURCE(CLICKHOUSE(TABLE 'hosts'))"), [
      "CREATE DICTIONARY IF NOT EXISTS d ON CLUSTER main (a Int8) SOURCE(CLICKHOUSE(TABLE 'hosts'))",
    ]);
  });

  test('of what alters a table, the distributed one gets what is of its columns', () => {
    assert.deepEqual(
      rewrite(`ALTER TABLE flows
    ADD COLUMN IF NOT EXISTS x Enum8('a' = 1, 'b' = 2) COMMENT 'x, y' CODEC(ZSTD(1)),
    MODIFY COLUMN y CODEC(T64, ZSTD(1)),
    MODIFY COLUMN y COMMENT 'y',
    ADD INDEX IF NOT EXISTS i x TYPE bloom_filter(0.01) GRANULARITY 4,
    MODIFY ORDER BY (x, y)`),
      [
        `ALTER TABLE flows_local ON CLUSTER main
    ADD COLUMN IF NOT EXISTS x Enum8('a' = 1, 'b' = 2) COMMENT 'x, y' CODEC(ZSTD(1)),
    MODIFY COLUMN y CODEC(T64, ZSTD(1)),
    MODIFY COLUMN y COMMENT 'y',
    ADD INDEX IF NOT EXISTS i x TYPE bloom_filter(0.01) GRANULARITY 4,
    MODIFY ORDER BY (x, y)`,
        `ALTER TABLE flows ON CLUSTER main
    ADD COLUMN IF NOT EXISTS x Enum8('a' = 1, 'b' = 2) COMMENT 'x, y' CODEC(ZSTD(1)),
    MODIFY COLUMN y COMMENT 'y'`,
      ],
    );
    assert.deepEqual(rewrite('ALTER TABLE flows MODIFY TTL toDateTime(windowStart) + INTERVAL 7 DAY'), [
      'ALTER TABLE flows_local ON CLUSTER main MODIFY TTL toDateTime(windowStart) + INTERVAL 7 DAY',
    ]);
  });

  test('what is dropped is gone at once, the distributed table first', () => {
    assert.deepEqual(rewrite('DROP TABLE IF EXISTS drops'), [
      'DROP TABLE IF EXISTS drops ON CLUSTER main SYNC',
      'DROP TABLE IF EXISTS drops_local ON CLUSTER main SYNC',
    ]);
    assert.deepEqual(rewrite('DROP VIEW v'), ['DROP VIEW v ON CLUSTER main SYNC']);
  });

  test('a cluster may be called what is no word', () => {
    assert.deepEqual(rewriteForCluster('CREATE OR REPLACE VIEW v AS SELECT 1', { cluster: 'a-b', database: 'net' }), [
      "CREATE OR REPLACE VIEW v ON CLUSTER 'a-b' AS SELECT 1",
    ]);
  });
});

const refused: Record<string, [statement: string, why: RegExp]> = {
  'rows that are written once on each node': ['INSERT INTO hosts SELECT 1', /INSERT is not known/],
  'a table that nothing says how to shard': [
    'CREATE TABLE IF NOT EXISTS other (a Int8) ENGINE = MergeTree ORDER BY a',
    /other is not in migrations-sharding/,
  ],
  'an engine that keeps no replicas': ['CREATE TABLE hosts (a Int8) ENGINE = Log', /engine of MergeTree/],
  'a table that forgets tokens': ['CREATE TABLE hosts (a Int8) ENGINE = MergeTree ORDER BY a', /deduplication_window/],
  'a table that is made anew': ['CREATE OR REPLACE TABLE hosts (a Int8) ENGINE = MergeTree', /CREATE OR REPLACE TABLE/],
  'a view with a table of its own': ['CREATE MATERIALIZED VIEW v ENGINE = MergeTree AS SELECT 1', /must say TO/],
  'a view that joins': ['CREATE MATERIALIZED VIEW v TO hosts AS SELECT 1 FROM flows JOIN drops USING a', /JOIN/],
  'a view of two tables': [
    'CREATE MATERIALIZED VIEW v TO hosts AS SELECT 1 FROM flows UNION ALL SELECT 1 FROM drops',
    /one table/,
  ],
  'a view of an unknown table': ['CREATE MATERIALIZED VIEW v TO hosts AS SELECT 1 FROM other', /other is not in/],
  'rows that are deleted': ['ALTER TABLE flows DELETE WHERE 1', /DELETE WHERE 1 is not known/],
  'a table of another database': ['ALTER TABLE a.flows DROP COLUMN x', /without its database/],
  'a name in quotes': ['CREATE OR REPLACE VIEW `v` AS SELECT 1', /without quotes/],
  'a table that is renamed': ['RENAME TABLE flows TO f', /RENAME is not known/],
};

describe('for a cluster is refused', () => {
  for (const [what, [statement, message]] of Object.entries(refused))
    test(what, () => {
      assert.throws(() => rewrite(statement), { code: 'MIGRATION_CLUSTER', message });
    });
});

describe('each shipped migration', () => {
  for (const { name, statements } of loadMigrations())
    test(`${name} can be applied to a cluster`, () => {
      for (const text of statements.flatMap(rewrite)) {
        assert.equal([...text.matchAll(/ ON CLUSTER main\b/g)].length, 1, text);
        assert.doesNotMatch(text, /^ENGINE = \w*(?<!Replicated\w*)MergeTree/m);
        assert.doesNotMatch(text, /non_replicated/);
        // A view that is filled by inserts never reads over all shards, and one that is asked always does.
        const isFilled = /^CREATE MATERIALIZED|MODIFY QUERY/.test(text);
        const reads = [...text.matchAll(/\bFROM (\w+)/g)].map(([, table = '']) => table.endsWith('_local'));
        if (/^CREATE .*VIEW|MODIFY QUERY/.test(text))
          assert.ok(
            reads.every((local) => local === isFilled),
            text,
          );
      }
    });
});
