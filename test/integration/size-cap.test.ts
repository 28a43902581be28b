// writer.retention.max_bytes against a real ClickHouse, whose system.parts says what is there.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { createWriterMetrics } from '@tcxflow/writer/metrics.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { enforceSizeCap, type SizeCapDependencies } from '@tcxflow/writer/size-cap-keeper.ts';
import { type Cluster, layout, startCluster } from '../support/cluster.ts';
import { makeFlows } from '../support/flows.ts';

const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const nameOf = (ms: number) => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
/** Day → its partition: 0 is today. */
const partition = (daysAgo: number) => nameOf(today - daysAgo * DAY_MS);

/** As many flows a day, the last of the days today. */
async function writeDays(store: Pick<Cluster, 'write'>, days: number, flowsADay = 500): Promise<void> {
  for (let daysAgo = days - 1; daysAgo >= 0; daysAgo--) {
    const flows = makeFlows(flowsADay, today - daysAgo * DAY_MS, daysAgo + 1);
    await store.write(
      topicNames.flows,
      daysAgo * flowsADay,
      flows.map((flow) => flowCodec.encode(flow)),
    );
  }
}

const parts = `SELECT replaceOne(table, '_local', '') AS table, partition, toFloat64(sum(bytes_on_disk)) AS bytes, toFloat64(sum(rows)) AS rows
  FROM system.parts WHERE active AND database = 'tcxflow' GROUP BY table, partition`;

interface Part {
  table: string;
  partition: string;
  bytes: number;
  rows: number;
}

for (const [where, shardCount] of [
  ['one server', 1],
  ['a cluster of two shards', 2],
] as const)
  describe(`the cap by bytes on ${where}`, skipWithout('clickhouse'), () => {
    const place = shardCount === 1 ? undefined : layout;
    let cluster: Cluster;
    const registry = createMetrics('writer');
    const metrics = createWriterMetrics(registry);

    /** With the rights that deploy/clickhouse/users/size-cap.sql gives to the writer. */
    const enforce = (maxBytes: number, other: Partial<SizeCapDependencies> = {}) =>
      enforceSizeCap({
        ...{ client: cluster.sizeCap, metrics, log: quietLog, maxBytes, settleMs: 0 },
        ...(place ? { layout: place } : {}),
        ...other,
      });
    /** Of each shard's server. */
    const partsOf = () => Promise.all(cluster.shards.map(({ ask }) => ask<Part>(parts)));
    const sizeOf = (node: Part[]) => node.reduce((sum, { bytes }) => sum + bytes, 0);
    const daysOf = (node: Part[], table: string) =>
      node.flatMap((part) => (part.table === table ? [part.partition] : [])).sort();
    const removedRows = () =>
      cluster.ask<{ table: string; partition: string; rows: number; bytes: number }>(
        'SELECT table, partition, toFloat64(rows) AS rows, toFloat64(bytes) AS bytes FROM removed FINAL ORDER BY table, partition',
      );

    before(async () => {
      cluster = await startCluster(shardCount);
      await migrate(cluster.client, undefined, place);
      await writeDays(cluster, 4);
      for (const { client } of cluster.shards) await client.command({ query: 'SYSTEM STOP MERGES' });
    });
    after(() => cluster?.stop());

    test('below it nothing goes', async () => {
      const before = await partsOf();
      await enforce(Math.max(...before.map(sizeOf)) + 1_000_000);
      assert.deepEqual(await partsOf(), before);
      assert.deepEqual(await removedRows(), []);
    });

    test('what was inserted a moment ago stays', async () => {
      const before = await partsOf();
      await enforce(1, { settleMs: 300_000 });
      assert.deepEqual(await partsOf(), before);
    });

    test('above it the oldest day of the flows goes, is written down, and its sums stay', async () => {
      const before = await partsOf();
      await enforce(Math.max(...before.map(sizeOf)) - 1);
      const after = await partsOf();
      const gone = before.flat().filter((part) => part.table === 'flows' && part.partition === partition(3));
      for (const node of after) {
        assert.deepEqual(daysOf(node, 'flows'), [partition(2), partition(1), partition(0)]);
        assert.deepEqual(daysOf(node, 'flows_1m'), [partition(3), partition(2), partition(1), partition(0)]);
      }
      const rows = gone.reduce((sum, part) => sum + part.rows, 0);
      assert.equal(rows, 500);
      assert.deepEqual(await removedRows(), [
        { table: 'flows', partition: partition(3), rows, bytes: gone.reduce((sum, part) => sum + part.bytes, 0) },
      ]);
      assert.match(await registry.registry.metrics(), /tcxflow_writer_removed_rows_total\{table="flows"\} 500\n/);
    });

    test('the ledger and complete_until say so', async () => {
      const range = { from: new Date(today - 4 * DAY_MS), to: new Date(Date.now() + 60_000) };
      const text = (time: Date) => time.toISOString().slice(0, 19).replace('T', ' ');
      const parameters = { from: text(range.from), to: text(range.to) };
      const rows = await cluster.ask<{ day: string; removed: number }>(
        `SELECT toYYYYMMDD(minute) AS day, max(flowsRemoved) AS removed
         FROM ledger_minutes(from = {from:String}, to = {to:String}) GROUP BY day ORDER BY day`,
        parameters,
      );
      assert.deepEqual(
        rows.map(({ day, removed }) => [String(day), Number(removed)]),
        [3, 2, 1, 0].map((daysAgo) => [partition(daysAgo), daysAgo === 3 ? 1 : 0]),
      );
      // As what an agent says by which it is known.
      await cluster.client.command({
        query: `INSERT INTO interface_counters (agent, time) SELECT 'told', now64(9)`,
        clickhouse_settings: { insert_distributed_sync: 1 },
      });
      const [told] = await cluster.ask<{ until: string }>(
        `SELECT toString(removedUntil) AS until FROM complete_until(from = {from:String}, to = {to:String}) WHERE agent = 'told'`,
        parameters,
      );
      assert.equal(told?.until, text(new Date(today - 2 * DAY_MS)));
    });

    test('two writers that see the same remove it once', async () => {
      const before = await partsOf();
      const cap = Math.max(...before.map(sizeOf)) - 1;
      await Promise.all([enforce(cap), enforce(cap)]);
      for (const node of await partsOf()) assert.ok(daysOf(node, 'flows').includes(partition(0)));
      const names = (await removedRows()).map(({ table, partition: name }) => `${table} ${name}`);
      assert.equal(new Set(names).size, names.length);
    });

    test('the day that is written to stays in every table, and so do accounts; the rest is said to be too much', async () => {
      const before = await partsOf();
      await enforce(1);
      const after = await partsOf();
      for (const [index, node] of after.entries()) {
        for (const table of ['flows', 'flows_1m', 'flows_5m'])
          assert.deepEqual(daysOf(node, table), [partition(0)], table);
        for (const table of ['stored', 'writer_progress'])
          assert.deepEqual(daysOf(node, table), daysOf(before[index] as Part[], table), table);
      }
      const text = await registry.registry.metrics();
      assert.match(text, /tcxflow_writer_over_cap_bytes [1-9]/);
    });
  });
