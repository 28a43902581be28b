// Every rollup adds up to the flows, whatever was repeated, cut off or late.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { makeFlows } from '../support/flows.ts';
import { openStore, type Store } from '../support/store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Minutes around an hour's and a day's end. */
const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const windows = [midnight - 120_000, midnight - 60_000, midnight, midnight + 60_000, midnight + 3 * HOUR_MS];
const measures = ['samples', 'packets', 'bytes', 'ipBytes', 'packetsVariance', 'bytesVariance'];
const sums = measures.map((name) => `toFloat64(sum(${name})) AS ${name}`).join(', ');

describe('the rollups', skipWithout('clickhouse'), () => {
  let store: Store;
  const sent = windows.flatMap((windowStart, index) => makeFlows(2000, windowStart, index + 1));
  const truth = {
    flows: 0,
    ...Object.fromEntries(measures.map((name) => [name, 0])),
  } as Record<string, number>;

  async function write(firstOffset: number, flows: typeof sent, blockRows?: number): Promise<void> {
    const messages = flows.map((flow) => flowCodec.encode(flow));
    await store.write(topicNames.flows, firstOffset, messages, blockRows === undefined ? {} : { blockRows });
  }

  function count(flows: typeof sent): void {
    truth.flows = (truth.flows ?? 0) + flows.length;
    for (const flow of flows)
      for (const name of measures)
        truth[name] = (truth[name] ?? 0) + (flow as unknown as Record<string, number>)[name]!;
  }

  /** Of each table the sums, as near as doubles add up in any order. */
  async function assertAllEqual(): Promise<void> {
    for (const [table, flows] of [
      ['flows', 'count()'],
      ['flows_1m', 'sum(flows)'],
      ['flows_5m', 'sum(flows)'],
      ['flows_1h', 'sum(flows)'],
      ['flows_1d', 'sum(flows)'],
      ['flows_prefixes_1h', 'sum(flows)'],
    ] as const) {
      const [row] = await store.ask<Record<string, number>>(
        `SELECT toFloat64(${flows}) AS flows, ${sums} FROM ${table}`.replaceAll('sum(flows)', `sum(${table}.flows)`),
      );
      for (const [name, value] of Object.entries(truth)) {
        const relative = Math.abs((row?.[name] ?? 0) - value) / value;
        assert.ok(relative < 1e-9, `${table}.${name} is ${row?.[name]}, not ${value}`);
      }
    }
    for (const side of ['Sent', 'Received']) {
      const [row] = await store.ask<Record<string, number>>(
        `SELECT toFloat64(sum(flows${side})) AS flows, toFloat64(sum(samples${side})) AS samples,
           toFloat64(sum(packets${side})) AS packets, toFloat64(sum(bytes${side})) AS bytes FROM flows_hosts_1h`,
      );
      for (const name of ['flows', 'samples', 'packets', 'bytes']) assert.equal(row?.[name], truth[name], name + side);
    }
  }

  before(async () => {
    store = await openStore();
  });
  after(() => store?.stop());

  test('add up after one block and after many', async () => {
    await write(0, sent.slice(0, 3000));
    await write(3000, sent.slice(3000), 1000);
    count(sent);
    await assertAllEqual();
  });

  test('do not change when blocks are repeated', async () => {
    await write(0, sent.slice(0, 3000));
    await write(3000, sent.slice(3000), 1000);
    await assertAllEqual();
  });

  test('late records add up in their own window', async () => {
    const late = makeFlows(500, windows[0] as number, 99).map((flow) => ({ ...flow, late: true }));
    for (let round = 0; round < 2; round++) await write(10_000, late);
    count(late);
    await assertAllEqual();
  });

  test('a block that reached the table and not its rollups is healed by its repetition', async () => {
    const block = makeFlows(1000, midnight + 120_000, 7);
    // As when the server is killed in between: the view of the hour is away while the block is inserted.
    const [definition] = await store.ask<{ text: string }>(`SELECT create_table_query AS text FROM system.tables
                                                            WHERE name = 'flows_1h_view'`);
    await store.client.command({ query: 'DROP TABLE flows_1h_view' });
    await write(20_000, block);
    await store.client.command({ query: definition?.text ?? '' });
    await write(20_000, block);
    count(block);
    await assertAllEqual();
  });

  test('merging changes no sum, and counts of peers are near', async () => {
    for (const table of ['flows_1m', 'flows_5m', 'flows_1h', 'flows_1d', 'flows_hosts_1h', 'flows_prefixes_1h'])
      await store.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
    await assertAllEqual();
    const [peers] = await store.ask<{ states: number; exact: number }>(
      `SELECT (SELECT uniqCombinedMerge(12)(peers) FROM flows_hosts_1h WHERE address = toIPv6('198.18.0.0')) AS states,
         (SELECT uniqExact(if(srcAddress = toIPv6('198.18.0.0'), dstAddress, srcAddress)) FROM flows
          WHERE toIPv6('198.18.0.0') IN (srcAddress, dstAddress)) AS exact`,
    );
    assert.ok(peers && Math.abs(peers.states - peers.exact) <= 0.05 * peers.exact, JSON.stringify(peers));
  });

  test('prefixes are /24 of IPv4 and /48 of IPv6', async () => {
    const [flow] = makeFlows(1, midnight, 5);
    const srcAddress = Buffer.from('20010db80001000200000000000000aa', 'hex');
    await write(30_000, [{ ...(flow as (typeof sent)[0]), srcAddress, etherType: 0x86dd }]);
    const prefixes = await store.ask<{ src: string }>(
      'SELECT DISTINCT IPv6NumToString(srcPrefix) AS src FROM flows_prefixes_1h',
    );
    assert.ok(prefixes.some(({ src }) => src === '2001:db8:1::'));
    assert.ok(prefixes.every(({ src }) => src === '2001:db8:1::' || /^::ffff:\d+\.\d+\.\d+\.0$/.test(src)));
  });
});
