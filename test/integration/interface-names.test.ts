// Names of input and output interfaces of flows, in a real ClickHouse: those of the time at which a packet passed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { countersCodec, flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { countersOf, metadata } from '@tcxflow/writer/testing/messages.ts';
import { makeFlows } from '../support/flows.ts';
import { kafkaMessages, openStore, type Store } from '../support/store.ts';

const MINUTE_MS = 60_000;
const base = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;
const nsOf = (ms: number) => BigInt(ms) * 1_000_000n;
const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** What agent a told of its interfaces: [minute, ifIndex, name, alias, removed]. */
const told = [
  [0, 2, 'eth0', 'uplink', false],
  [10, 2, 'eth0', 'spare', false],
  [0, 3, 'veth7', '', false],
  [20, 3, 'veth7', '', true],
  [30, 3, 'veth9', 'new', false],
] as const;

/** Flows: [agent, minute, inputIfIndex, outputIfIndex] → names. */
const cases = [
  [
    ['a', 5, 2, 3],
    ['eth0', 'uplink', 'veth7', ''],
  ],
  [
    ['a', 10, 2, 3],
    ['eth0', 'spare', 'veth7', ''],
  ],
  [
    ['a', 25, 3, 2],
    ['', '', 'eth0', 'spare'],
  ],
  [
    ['a', 31, 3, 0],
    ['veth9', 'new', '', ''],
  ],
  [
    ['a', 31, 0, 9],
    ['', '', '', ''],
  ],
  [
    ['b', 31, 2, 3],
    ['', '', '', ''],
  ],
  // Ten seconds before the first word, and a minute before.
  [
    ['a', -0.1, 2, 0],
    ['eth0', 'uplink', '', ''],
  ],
  [
    ['a', -1, 2, 0],
    ['', '', '', ''],
  ],
] as const;

describe('names of interfaces', skipWithout('clickhouse'), () => {
  let store: Store;

  async function write(topic: string, values: readonly Buffer[]): Promise<void> {
    const messages = kafkaMessages(0, values).map((message) => ({ ...message, timestamp: String(base) }));
    await store.process(topic, messages);
  }

  before(async () => {
    store = await openStore();
    const counters = told.map(([minute, ifIndex, name, alias, removed]) => {
      const validFromNs = nsOf(base + minute * MINUTE_MS);
      const one = metadata({ ifIndex, name, alias, removed, validFromNs });
      return countersCodec.encode(countersOf({ agent: 'a', timeNs: validFromNs, metadata: [one] }));
    });
    await write(topicNames.counters, counters);
    const flows = cases.map(([[agent, minute, inputIfIndex, outputIfIndex], _], index) => {
      const [flow] = makeFlows(1, base);
      const firstNs = nsOf(base + minute * MINUTE_MS);
      const windowStart = base + Math.floor(minute) * MINUTE_MS;
      return flowCodec.encode({
        ...(flow as NonNullable<typeof flow>),
        ...{ agent, inputIfIndex, outputIfIndex, firstNs, lastNs: firstNs, windowStart, srcPort: index },
      });
    });
    await write(topicNames.flows, flows);
  });
  after(() => store?.stop());

  test('a flow has the names that its interfaces had when it passed', async () => {
    const rows = await store.ask<Record<string, string>>(
      `SELECT inputIfName, inputIfAlias, outputIfName, outputIfAlias
       FROM flows_interfaces(from = '${text(base - 10 * MINUTE_MS)}', to = '${text(base + 60 * MINUTE_MS)}') ORDER BY srcPort`,
    );
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      cases.map(([_, names]) => names),
    );
  });

  test('no flow is lost or doubled, and only those of the range are there', async () => {
    const from = text(base + 5 * MINUTE_MS);
    const to = text(base + 25 * MINUTE_MS);
    const [row] = await store.ask<{ rows: number; wide: number }>(
      `SELECT (SELECT count() FROM flows_interfaces(from = '${from}', to = '${to}')) AS rows,
         (SELECT count() FROM flows WHERE windowStart >= '${from}' AND windowStart < '${to}') AS wide`,
    );
    assert.deepEqual(row, { rows: 2, wide: 2 });
  });
});
