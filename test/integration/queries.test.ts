// Every stock question, asked about traffic that is known, by the analyst of one server, and of a cluster: deploy/clickhouse/queries, and the views and
// functions that they are made of. The answers were made by the queries, and a dozen of them worked out by hand from test/support/known-traffic.ts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type ClickHouseClient, createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections } from '@tcxflow/common/config.ts';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { loadQueries, parametersOf } from '../../services/cli/queries.ts';
import { type Cluster, layout, startCluster } from '../support/cluster.ts';
import { writeKnownTraffic } from '../support/known-traffic.ts';
import { openStore, type Store } from '../support/store.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
const range = { from: text(hour), to: text(hour + HOUR_MS) };

type Row = unknown[];
/** Name → the first three rows; times are minutes from the hour's start. */
const answers = JSON.parse(readFileSync(new URL('queries.answers.json', import.meta.url), 'utf8')) as Record<
  string,
  Row[]
>;
const own: Record<string, string[]> = { host: ['address=10.0.0.1'] };

/** Times as minutes of the hour, doubles to nine digits: sums of them depend on the order. */
function comparable(value: unknown): unknown {
  if (typeof value === 'number') return Number(value.toPrecision(9));
  if (typeof value !== 'string' || !/^20\d\d-\d\d-\d\dT/.test(value)) return value;
  return `+${(Date.parse(value) - hour) / MINUTE_MS} min`;
}

/** Where the tables are: who asks, and what ends it. */
interface Place {
  store: Pick<Store, 'write' | 'process'>;
  analyst: ClickHouseClient;
  stop(): Promise<void>;
}

const places: Record<string, () => Promise<Place>> = {
  async 'one server'() {
    const store = await openStore();
    const { url, users } = store.server;
    const analyst = createClickHouse({ ...commonSections.clickhouse.parse({}), url, ...users.analyst });
    return { store, analyst, stop: async () => void (await Promise.all([analyst.close(), store.stop()])) };
  },
  async 'a cluster of two shards'() {
    const cluster = await startCluster(2);
    await migrate(cluster.client, undefined, layout);
    const [{ analyst }] = cluster.shards as [Cluster['shards'][0]];
    return { store: cluster, analyst, stop: cluster.stop };
  },
};

test('each stock question has an answer here', () => {
  assert.deepEqual(
    loadQueries()
      .map(({ name }) => name)
      .sort(),
    Object.keys(answers).sort(),
  );
});

for (const [where, open] of Object.entries(places))
  describe(`the stock questions on ${where}`, skipWithout('clickhouse'), () => {
    let place: Place;

    async function ask(query: string, parameters: Record<string, unknown> = {}): Promise<Row[]> {
      const result = await place.analyst.query({ query, query_params: parameters, format: 'JSONCompactEachRow' });
      return (await result.json<Row>()).map((row) => row.map(comparable));
    }

    before(async () => {
      place = await open();
      await writeKnownTraffic(place.store, hour);
    });
    after(() => place?.stop());

    for (const query of loadQueries())
      test(`@${query.name}: ${query.about}`, async () => {
        const given = [`from=${range.from}`, `to=${range.to}`, 'limit=3', ...(own[query.name] ?? [])];
        assert.deepEqual(await ask(query.text, parametersOf(query, given)), answers[query.name]);
      });

    test('flows_auto takes the rollup that suits the range, and all have the same sums', async () => {
      for (const [hours, step] of [
        [1, 60],
        [6, 60],
        [7, 300],
        [72, 300],
        [73, 3600],
        [62 * 24, 3600],
        [63 * 24, 86_400],
      ] as const) {
        // The days before are empty but for one flow, three days ago.
        const to = text(hour + HOUR_MS);
        const from = text(hour + HOUR_MS - hours * HOUR_MS);
        const rows = await ask('SELECT DISTINCT stepSeconds FROM flows_auto(from = {from:String}, to = {to:String})', {
          from,
          to,
        });
        assert.deepEqual(rows, [[step]], `${hours} h`);
        const [sum] = await ask('SELECT sum(samples) FROM flows_auto(from = {from:String}, to = {to:String})', {
          from,
          to,
        });
        assert.deepEqual(sum, [hours >= 73 ? 113 : 112], `${hours} h`);
      }
    });

    test('functions name, write and compare', async () => {
      const v4 = "toIPv6('10.1.2.3')";
      const v6 = "toIPv6('2001:db8:1:2::3')";
      for (const [expression, value] of [
        [`ip_text(${v4})`, '10.1.2.3'],
        [`ip_text(${v6})`, '2001:db8:1:2::3'],
        [`is_ipv4(${v4})`, 1],
        [`is_ipv4(${v6})`, 0],
        [`in_cidr(${v4}, '10.0.0.0/8')`, 1],
        [`in_cidr(${v4}, '10.1.2.3/32')`, 1],
        [`in_cidr(${v4}, '11.0.0.0/8')`, 0],
        [`in_cidr(${v4}, '::/0')`, 1],
        [`in_cidr(${v6}, '2001:db8::/32')`, 1],
        [`in_cidr(${v6}, '0.0.0.0/0')`, 0],
        [`cidr_of(${v4}, 24, 48)`, '10.1.2.0/24'],
        [`cidr_of(${v6}, 24, 48)`, '2001:db8:1::/48'],
        ['protocol_name(6)', 'TCP'],
        ['protocol_name(253)', '253'],
        ['service_name(6, 443)', 'https'],
        ['service_name(17, 65000)', '65000'],
        ['service_name(58, 34304)', 'type 134 code 0'],
        ['tunnel_name(4)', 'VXLAN'],
        ['tcp_flags_text(18)', 'SYN ACK'],
        ['unseen_packets_hi(1000)', 3000],
      ] as const)
        assert.deepEqual(await ask(`SELECT ${expression}`), [[value]], expression);
    });
  });
