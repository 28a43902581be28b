// What the writer makes of messages, in a real ClickHouse: every table gets its rows, once, also when a block is repeated.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { countersCodec, dropBatchCodec, flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { countersOf, dropsOf, hostCounters, interfaceCounters, metadata } from '@tcxflow/writer/testing/messages.ts';
import { makeFlows } from '../support/flows.ts';
import { openStore, type Store } from '../support/store.ts';

/** An hour ago: what is older than a table's TTL is gone at once. */
const base = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const timeNs = BigInt(base) * 1_000_000n + 1n;
const text = (ms: number) => new Date(ms).toISOString().replace(/000Z$/, '000000001Z');

describe('the store', skipWithout('clickhouse'), () => {
  let store: Store;
  before(async () => {
    store = await openStore();
  });
  after(() => store?.stop());

  test('counters are rows of three tables and of hosts, once, whatever is repeated', async () => {
    const later = { timeNs: timeNs + 60_000_000_000n };
    const messages = [{ timeNs }, later].map((fields) =>
      countersCodec.encode(
        countersOf({
          interfaces: [interfaceCounters(), interfaceCounters({ ifIndex: 3, ethernet: null })],
          host: hostCounters(),
          metadata: [metadata()],
          ...fields,
        }),
      ),
    );
    for (let round = 0; round < 3; round++) await store.write(topicNames.counters, 5, messages);
    assert.deepEqual(
      await store.ask(`SELECT count() AS rows, sumOrNull(fcsErrors) AS fcs, countIf(fcsErrors IS NULL) AS unsaid
                       FROM interface_counters`),
      [{ rows: 4, fcs: 22, unsaid: 2 }],
    );
    const host = hostCounters();
    assert.deepEqual(
      await store.ask(`SELECT toString(agentAddress) AS address, uuid, cpuUserMs, udpInCsumErrors, time
                       FROM host_counters ORDER BY time LIMIT 1`),
      [
        {
          address: '::ffff:192.0.2.1',
          uuid: '4c4c4544-0051-3610-8052-b2c04f4e3432',
          cpuUserMs: host.cpu?.userMs,
          udpInCsumErrors: host.udp?.inCsumErrors,
          time: text(base),
        },
      ],
    );
    assert.deepEqual(await store.ask('SELECT count() AS rows FROM host_counters'), [{ rows: 2 }]);
    assert.deepEqual(
      await store.ask(
        'SELECT hostname, cpus, min(validFrom) AS since, max(lastSeen) AS seen FROM hosts GROUP BY hostname, cpus',
      ),
      [
        {
          hostname: 'vm',
          cpus: host.cpu?.cpuNum,
          since: text(base),
          seen: text(base + 60_000),
        },
      ],
    );
    assert.deepEqual(await store.ask('SELECT name, addresses, ingressRate FROM interfaces FINAL'), [
      { name: 'eth0', addresses: ['192.0.2.1/24', '2001:0db8:0000:0000:0000:0000:0000:0001/64'], ingressRate: 1000 },
    ]);
  });

  test('drops are totals by reason and decoded packets, once, whatever is repeated', async () => {
    const message = dropBatchCodec.encode(dropsOf({ baseTimeNs: timeNs }));
    for (let round = 0; round < 3; round++) await store.write(topicNames.drops, 1, [message]);
    assert.deepEqual(await store.ask('SELECT reason, packets, selected, missed FROM drops'), [
      { reason: 'NO_SOCKET', packets: 6, selected: 4, missed: 3 },
    ]);
    assert.deepEqual(
      await store.ask(`SELECT toString(srcAddress) AS src, toString(dstAddress) AS dst, dstPort, tcpFlags, linkType,
                       length(unhex(header)) AS headerBytes FROM drop_samples`),
      [
        {
          src: '::ffff:192.0.2.1',
          dst: '::ffff:198.51.100.2',
          dstPort: 443,
          tcpFlags: 2,
          linkType: 'ethernet',
          headerBytes: 54,
        },
      ],
    );
  });

  test('flows take the bytes that docs/reference/tables.md says, within two: fewer rows are less alike', async () => {
    const window = base - (base % 3_600_000);
    for (let index = 0; index < 2; index++) {
      const flows = makeFlows(100_000, window + index * 60_000, index + 1);
      await store.write(
        topicNames.flows,
        index * 100_000,
        flows.map((flow) => flowCodec.encode(flow)),
      );
    }
    await store.client.command({ query: 'OPTIMIZE TABLE flows FINAL' });
    const [measured] = await store.ask<{ bytes: number }>(
      `SELECT sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts WHERE active AND table = 'flows'`,
    );
    const page = readFileSync(new URL('../../docs/reference/tables.md', import.meta.url), 'utf8');
    const stated = Number(/^\| `flows` .*\| (\d+) \|$/m.exec(page)?.[1]);
    assert.ok(measured && Math.abs(measured.bytes - stated) < 2, `${measured?.bytes}, ${stated}`);
  });

  test('every table and every column says what it is', async () => {
    const bare = await store.ask(
      `SELECT table || '.' || name AS name FROM system.columns
       WHERE database = 'tcxflow' AND comment = '' AND table != 'schema_migrations'
         AND table NOT IN (SELECT name FROM system.tables WHERE engine IN ('View', 'MaterializedView'))
       UNION ALL SELECT name FROM system.tables WHERE database = 'tcxflow' AND comment = '' AND name NOT LIKE '%\\_view'`,
    );
    assert.deepEqual(bare, []);
  });
});
