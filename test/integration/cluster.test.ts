// The schema of a cluster, on two shards: what is inserted is there once, whatever is repeated and whoever was away. That the
// stock questions have the same answers as on one server: queries.test.ts.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import type { Flow } from '@tcxflow/schemas/generated.ts';
import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { type BlockFormat, blockFormats } from '@tcxflow/writer/block-formats.ts';
import { writerSection } from '@tcxflow/writer/config.ts';
import { insertBlock } from '@tcxflow/writer/insert.ts';
import { takeMigrationLock } from '@tcxflow/writer/migration-lock.ts';
import { loadMigrations, migrate, planSteps } from '@tcxflow/writer/migrations.ts';
import { rewriteForCluster } from '@tcxflow/writer/migrations-cluster.ts';
import { readSlots } from '@tcxflow/writer/probe-shards.ts';
import { probes } from '@tcxflow/writer/probes.ts';
import { planText } from '../../services/cli/migrate.ts';
import { type Cluster, layout, startCluster, withoutReplication } from '../support/cluster.ts';
import { makeFlows } from '../support/flows.ts';

const minute = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const {
  tables: [format],
  read,
} = blockFormats[topicNames.flows] as { tables: [BlockFormat['tables'][0]]; read: BlockFormat['read'] };

function partsOf(flows: readonly Flow[]): Buffer[] {
  return flows.flatMap((flow, offset) =>
    read(flowCodec.encode(flow), { partition: 0, offset, timestampMs: 0 }).map(({ part }) => part),
  );
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const samplesOf = (flows: readonly Flow[]) => sum(flows.map(({ samples }) => samples));

describe('a cluster of two shards', skipWithout('clickhouse'), () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster(2);
  });
  after(() => cluster?.stop());

  test('gets its plan, and then the schema, once', async () => {
    const plan = planText(await planSteps(cluster.client, undefined, layout), layout);
    assert.match(
      plan,
      /^on all nodes of the cluster lab:\nwould apply 001_flows\n {4}CREATE TABLE IF NOT EXISTS flows_local ON CLUSTER lab\n {8}ENGINE = ReplicatedMergeTree\('/,
    );
    const names = loadMigrations().map(({ name }) => name);
    assert.deepEqual(await migrate(cluster.client, undefined, layout), names);
    assert.deepEqual(await migrate(cluster.client, undefined, layout), []);
    await assert.rejects(migrate(cluster.client), { code: 'CLUSTER', message: /clickhouse.cluster is empty/ });
    await assert.rejects(migrate(cluster.client, undefined, { ...layout, cluster: 'other' }), {
      message: /no cluster other; it knows .*lab/,
    });
  });

  test('changes how long rows are kept on all shards', async () => {
    const { retention } = writerSection.parse({ retention: { flowsDays: 7 } });
    assert.deepEqual(await migrate(cluster.client, retention, layout), ['retention of flows: 7 days instead of 30']);
    assert.deepEqual(await migrate(cluster.client, retention, layout), []);
    for (const { ask } of cluster.shards)
      assert.match(
        (await ask<{ text: string }>(`SELECT engine_full AS text FROM system.tables WHERE name = 'flows_local'`))[0]
          ?.text ?? '',
        /TTL toDateTime\(windowStart\) \+ toIntervalDay\(7\)/,
      );
  });

  test('is not migrated while a node is away', async () => {
    const [, second] = cluster.shards as [Cluster['shards'][0], Cluster['shards'][0]];
    await second.stop();
    await assert.rejects(migrate(cluster.client, undefined, layout), {
      code: 'CLUSTER',
      message: /lab does not answer/,
    });
    await second.start();
  });

  test('takes a lock that one node has left over', async () => {
    const [, second] = cluster.shards as [Cluster['shards'][0], Cluster['shards'][0]];
    const leaveLock = () =>
      second.client.command({ query: 'CREATE TABLE schema_lock (held UInt8) ENGINE = MergeTree ORDER BY held' });
    await leaveLock();
    const lock = await takeMigrationLock(cluster.client, Date.now, layout);
    await lock.renew();
    await assert.rejects(takeMigrationLock(cluster.client, Date.now, layout), { code: 'MIGRATION_LOCKED' });
    await lock.release();
    await leaveLock(); // nobody holds it now
    await second.client.command({ query: 'DROP TABLE schema_lock SYNC' });
  });

  test('has in each distributed table the columns of the local one, with their comments', async () => {
    for (const { ask } of cluster.shards)
      assert.deepEqual(
        await ask(`SELECT table, name FROM
          (SELECT replaceOne(table, '_local', '') AS table, name, type, comment FROM system.columns
           WHERE database = 'tcxflow' AND (table LIKE '%\\_local' OR table || '_local' IN (SELECT name FROM system.tables)))
          GROUP BY table, name, type, comment HAVING count() != 2`),
        [],
      );
  });

  test('understands each statement as it is for a cluster with replicas', async () => {
    for (const { name, statements } of loadMigrations())
      for (const query of statements.flatMap((statement) => rewriteForCluster(statement, layout))) {
        const [answer] = await cluster.ask<{ text: string }>('SELECT formatQuery({query:String}) AS text', { query });
        assert.match(answer?.text ?? '', /ON CLUSTER lab/, name);
      }
  });

  /** chdb makes such tables, and never gets as far as writing to them. */
  test('makes the replicated tables', async () => {
    const [{ client, ask }] = cluster.shards as [Cluster['shards'][0]];
    const place = { ...layout, database: 'replicas' };
    const tables = loadMigrations()
      .flatMap(({ statements }) => statements)
      .filter((text) => text.startsWith('CREATE TABLE'))
      .map((text) => rewriteForCluster(text, place)[0] as string);
    for (const query of tables) await client.command({ query: query.replace(/_local ON CLUSTER lab/, '_replicas') });
    const [made] = await ask(
      `SELECT toUInt32(count()) AS tables FROM system.tables WHERE engine LIKE 'Replicated%' AND
         position(engine_full, '/clickhouse/tables/{shard}/replicas/' || replaceOne(name, '_replicas', '_local')) > 0`,
    );
    assert.deepEqual(made, { tables: tables.length });
    const names = await ask<{ name: string }>(`SELECT name FROM system.tables WHERE name LIKE '%\\_replicas'`);
    for (const { name } of names) await client.command({ query: `DROP TABLE ${name} SYNC` });
  });

  test('keeps both directions of a flow in one shard, and shares the flows among its shards', async () => {
    const flows = makeFlows(200, minute);
    const back = flows.map((flow) => ({
      ...flow,
      ...{ srcAddress: flow.dstAddress, dstAddress: flow.srcAddress, srcPort: flow.dstPort, dstPort: flow.srcPort },
    }));
    await cluster.write(
      topicNames.flows,
      0,
      [...flows, ...back].map((flow) => flowCodec.encode(flow)),
    );
    const ends = `least(srcAddress, dstAddress), greatest(srcAddress, dstAddress), least(srcPort, dstPort), greatest(srcPort, dstPort), protocol`;
    assert.deepEqual(
      await cluster.ask(`SELECT ${ends} FROM flows GROUP BY ${ends} HAVING uniqExact(_shard_num) > 1`),
      [],
    );
    for (const { ask } of cluster.shards) {
      const [row] = await ask<{ rows: number }>('SELECT toUInt32(count()) AS rows FROM flows_local');
      assert.ok(row && row.rows > 100 && row.rows < 300, JSON.stringify(row));
    }
  });

  const tables = ['flows', 'flows_1m', 'flows_5m', 'flows_1h', 'flows_1d', 'flows_prefixes_1h', 'stored'];

  /** What each of the tables has of an agent's samples. */
  async function stored(agent: string): Promise<number[]> {
    const rows = tables.map((table) =>
      cluster.ask<{ n: number }>(`SELECT toUInt32(sum(samples)) AS n FROM ${table} WHERE agent = {agent:String}`, {
        agent,
      }),
    );
    return (await Promise.all(rows)).map(([row]) => row?.n ?? 0);
  }

  const insert = (client: ClickHouseClient, parts: readonly Buffer[], token: string) =>
    insertBlock(client, { table: format.table, format: format.format, body: format.join([...parts]), token });

  /** As an insert that was cut off leaves it: the first shard has its part of the block. */
  async function insertHalf(parts: readonly Buffer[], token: string): Promise<void> {
    const [first] = cluster.shards as [Cluster['shards'][0]];
    const slots = await readSlots(
      first.writer,
      parts.map((part) => flowCodec.type.decode(part, 0).value as Flow),
    );
    const half = parts.filter((_, index) => slots[index] === 0);
    assert.ok(half.length > 0 && half.length < parts.length);
    await insert(first.writer, half, token);
    const [row] = await first.ask<{ rows: number }>(
      'SELECT toUInt32(count()) AS rows FROM flows_local WHERE agent = {agent:String}',
      {
        agent: token,
      },
    );
    assert.equal(row?.rows, half.length);
  }

  test('counts a block once in every table, also when one shard was away, and whichever node it is given to', async () => {
    const flows = makeFlows(300, minute, 7).map((flow) => ({ ...flow, agent: 'once' }));
    const parts = partsOf(flows);
    const [first, second] = cluster.shards as [Cluster['shards'][0], Cluster['shards'][0]];
    await insertHalf(parts, 'once');
    await second.stop();
    await assert.rejects(insert(first.writer, parts, 'once'));
    await second.start();
    for (const { writer } of [second, first, second]) {
      await insert(writer, parts, 'once');
      assert.deepEqual(await stored('once'), Array(tables.length).fill(samplesOf(flows)));
    }
  });

  test('knows what a shard lacks of a block whose token is forgotten', async () => {
    const flows = [minute, minute - 86_400_000].flatMap((time, day) =>
      makeFlows(300, time, 11 + day).map((flow) => ({ ...flow, agent: 'lacking' })),
    );
    const parts = partsOf(flows);
    const [first] = cluster.shards as [Cluster['shards'][0]];
    await insertHalf(parts, 'lacking');
    const lacks = await (probes.flows as NonNullable<(typeof probes)['flows']>)(first.writer, parts);
    await insert(
      first.writer,
      parts.filter((_, index) => lacks(index)),
      'another token',
    );
    assert.deepEqual(await stored('lacking'), Array(tables.length).fill(samplesOf(flows)));
  });

  test('takes nothing into a rollup but from its view', async () => {
    await assert.rejects(
      cluster.client.insert({ table: 'flows_1m', values: [{ agent: 'a' }], format: 'JSONEachRow' }),
      /sharding key/,
    );
  });

  test('is changed back by nothing: what the test leaves out is the replication alone', () => {
    const [statement = ''] = loadMigrations()[0]?.statements ?? [];
    const [local = ''] = rewriteForCluster(statement, layout);
    assert.equal(
      withoutReplication(local),
      statement.replace('flows', 'flows_local').replace('= MergeTree', '= MergeTree()'),
    );
  });
});
