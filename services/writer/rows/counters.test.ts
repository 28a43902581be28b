import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countersOf, hostCounters, interfaceCounters, metadata } from '../testing/messages.ts';
import { counterRows, hostRows, interfaceRows } from './counters.ts';

const bootId = '0102030405060708090a0b0c0d0e0f10';
const time = '1767225600.000000001';

test('each interface is a row, with Ethernet’s counters beside its others', () => {
  const entry = interfaceCounters();
  const { ethernet, ...others } = entry;
  const rows = counterRows(countersOf({ interfaces: [entry, interfaceCounters({ ifIndex: 3, ethernet: null })] }));
  assert.deepEqual(rows[0], { time, agent: 'host-1', bootId, ...others, ...ethernet });
  assert.equal('fcsErrors' in (rows[1] as object), false); // NULL in the table, no zero
  assert.deepEqual(counterRows(countersOf()), []);
});

test('the host is one row, its fields with the section before the name', () => {
  const host = hostCounters();
  const [row] = hostRows(countersOf({ host }));
  assert.partialDeepStrictEqual(row, {
    time,
    agent: 'host-1',
    agentAddress: '0000:0000:0000:0000:0000:ffff:c000:0201',
    hostname: 'vm',
    uuid: '4c4c4544-0051-3610-8052-b2c04f4e3432',
    osRelease: '6.12.0',
    cpuUserMs: host.cpu?.userMs,
    tcpInCsumErrors: host.tcp?.inCsumErrors,
  });
});

test('what a host does not say is absent or empty; a message without a host has no row', () => {
  const [row] = hostRows(countersOf({ host: { ...hostCounters(), description: null, cpu: null } }));
  assert.partialDeepStrictEqual(row, { hostname: '', uuid: '', machineType: 0, osRelease: '' });
  assert.equal('cpuUserMs' in (row as object), false);
  assert.deepEqual(hostRows(countersOf()), []);
});

test('what an interface is becomes a row, with its addresses as they are written', () => {
  const { validFromNs, addresses, ...others } = metadata();
  assert.deepEqual(interfaceRows(countersOf({ metadata: [metadata()] })), [
    {
      validFrom: '1767225600.000000003',
      agent: 'host-1',
      bootId,
      ...others,
      addresses: ['192.0.2.1/24', '2001:0db8:0000:0000:0000:0000:0000:0001/64'],
    },
  ]);
});

test('times are text with all nine digits, as a double would round them', () => {
  for (const [timeNs, text] of [
    [1_767_225_600_000_000_001n, '1767225600.000000001'],
    [1_767_225_600_999_999_999n, '1767225600.999999999'],
    [1_767_225_600_120_000_000n, '1767225600.120000000'],
    [0n, '0.000000000'],
  ] as const)
    assert.partialDeepStrictEqual(counterRows(countersOf({ interfaces: [interfaceCounters()], timeNs })), [
      { time: text },
    ]);
});
