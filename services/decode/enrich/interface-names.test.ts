import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counters, InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import { createNameTable, type NameTable } from './interface-names.ts';

const bootId = Buffer.alloc(16, 1);
const SECOND = 1_000_000_000n;

function metadata(ifIndex: number, second: number, alias: string, removed = false): InterfaceMetadata {
  return {
    ...{
      validFromNs: BigInt(second) * SECOND,
      removed,
      ifIndex,
      netns: '',
      name: `eth${ifIndex}`,
      alias,
      kind: 'veth',
    },
    ...{ parent: 0, master: 0, mac: '', mtu: 1500, speedBps: 1000, adminUp: true, operUp: true, addresses: [] },
    ...{ ingressRate: 0, egressRate: 0 },
  };
}

function tell(
  table: NameTable,
  of: Partial<Pick<Counters, 'agent' | 'bootId' | 'timeNs' | 'metadata' | 'host'>>,
): void {
  table.learn({ agent: 'a', bootId, timeNs: 0n, host: null, metadata: [], ...of });
}

const host = (hostname: string) =>
  ({
    description: { hostname, uuid: null, machineType: 0, osName: 2, osRelease: null },
  }) as unknown as Counters['host'];

test('an interface is what it was at the time of the sample', () => {
  const table = createNameTable(100, () => undefined);
  tell(table, { metadata: [metadata(2, 100, 'first')] });
  // Out of order, and the same twice.
  tell(table, { metadata: [metadata(2, 300, '', true), metadata(2, 200, 'second'), metadata(2, 200, 'second')] });
  tell(table, { metadata: [metadata(2, 400, 'third')] });
  const aliasAt = (second: number) => table.find('a', bootId)?.interface(2, BigInt(second) * SECOND)?.alias;
  assert.deepEqual([50, 95, 100, 199, 200, 299, 300, 399, 400, 9999].map(aliasAt), [
    undefined,
    'first',
    'first',
    'first',
    'second',
    'second',
    undefined,
    undefined,
    'third',
    'third',
  ]);
  assert.equal(table.entries, 4);
});

test('each start of an agent, and each agent, has its own', () => {
  const table = createNameTable(100, () => undefined);
  tell(table, { metadata: [metadata(2, 100, 'one')] });
  assert.equal(table.find('a', Buffer.alloc(16, 2)), undefined);
  assert.equal(table.find('b', bootId), undefined);
  assert.equal(table.find('a', bootId)?.interface(3, 100n * SECOND), undefined);
});

test('a hostname holds until there is another', () => {
  const table = createNameTable(100, () => undefined);
  for (const [second, name] of [
    [100, 'old'],
    [110, 'old'],
    [200, 'new'],
  ] as const)
    tell(table, { timeNs: BigInt(second) * SECOND, host: host(name) });
  const nameAt = (second: number) => table.find('a', bootId)?.hostname(BigInt(second) * SECOND);
  assert.deepEqual([0, 100, 150, 250].map(nameAt), ['', 'old', 'old', 'new']);
  assert.equal(table.entries, 2);
});

test('memory is bounded: an interface that flaps loses its oldest, and of many agents the most silent goes; both counted', () => {
  const dropped: Record<string, number> = { full: 0, history: 0 };
  const table = createNameTable(100, (cause, count) => {
    dropped[cause] = (dropped[cause] as number) + count;
  });
  for (let second = 0; second < 200; second++) tell(table, { metadata: [metadata(2, second, `alias ${second}`)] });
  assert.equal(table.entries, 64);
  assert.equal(dropped.history, 136);
  for (let agent = 0; agent < 50; agent++) tell(table, { agent: `host-${agent}`, metadata: [metadata(2, 1, 'x')] });
  assert.ok(table.entries <= 100);
  assert.equal(dropped.full, 64);
  assert.equal(table.find('a', bootId), undefined);
  // One agent alone with more than there is room for.
  tell(table, { agent: 'huge', metadata: Array.from({ length: 500 }, (_, i) => metadata(i, 1, 'x')) });
  assert.ok(table.entries <= 100);
});
