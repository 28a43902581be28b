import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counters, Flow, InterfaceCounters } from '@tcxflow/schemas/generated.ts';
import { countersCodec, flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import avro from 'avsc';
import { type BlockFormat, blockFormats, counterRows } from './block-formats.ts';
import { loadMigrations } from './migrations.ts';

const flows = blockFormats[topicNames.flows] as BlockFormat;
const counters = blockFormats[topicNames.counters] as BlockFormat;

function flow(fields: Partial<Flow> = {}): Flow {
  return {
    windowStart: 1_767_225_600_000,
    windowMs: 60_000,
    late: false,
    agent: 'host-1',
    agentAddress: Buffer.alloc(16, 1),
    ifIndex: 2,
    ifName: 'eth0',
    direction: 'ingress',
    inputIfIndex: 0,
    outputIfIndex: 0,
    vlanId: 0,
    innerVlanId: 0,
    etherType: 0x0800,
    srcAddress: Buffer.alloc(16, 2),
    dstAddress: Buffer.alloc(16, 3),
    protocol: 6,
    srcPort: 40_000,
    dstPort: 443,
    dscp: 0,
    stop: 0,
    samples: 3,
    packets: 3000,
    bytes: 3_000_000,
    ipBytes: 2_900_000,
    packetsVariance: 2_997_000,
    bytesVariance: 3.5e12,
    firstNs: 1_767_225_600_000_000_001n,
    lastNs: 1_767_225_659_999_999_999n,
    tcpFlags: 0x1b,
    minTtl: 57,
    maxTtl: 64,
    minLength: 60,
    maxLength: 1514,
    decoderVersion: 1,
    ...fields,
  };
}

function interfaceCounters(fields: Partial<InterfaceCounters> = {}): InterfaceCounters {
  const words = { ifIndex: 2, ifName: 'eth0', ifType: 6, ifSpeed: 1e10, ifDirection: 1, mtu: 1500 };
  const flags = { adminUp: true, operUp: true, promiscuous: false };
  const input = { inOctets: 2 ** 53 - 2, inPackets: 2, inMulticast: 3, inBroadcast: null, inDiscards: 4, inErrors: 5 };
  const output = {
    outOctets: 6,
    outPackets: 7,
    outMulticast: null,
    outBroadcast: null,
    outDiscards: 8,
    outErrors: 9,
    ethernet: null,
  };
  return { ...words, ...flags, ...input, ...output, ...fields };
}

function countersOf(interfaces: InterfaceCounters[], timeNs = 1_767_225_600_000_000_001n): Counters {
  const identity = {
    agent: 'host-1',
    agentAddress: Buffer.alloc(16, 1),
    bootId: Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex'),
  };
  return { ...identity, sequence: 1, timeNs, interfaces, host: null, metadata: [] };
}

test('a flow’s part is the message without its frame of ten bytes, and one row', () => {
  const message = flowCodec.encode(flow());
  const { part, rows } = flows.read(message);
  assert.deepEqual([part, rows], [message.subarray(10), 1]);
});

test('a block of flows is an Avro file that avsc reads, with all flows in order', async () => {
  const sent = [flow(), flow({ srcPort: 1 }), flow({ late: true, agent: 'hôst' })];
  const body = flows.join(sent.map((entry) => flows.read(flowCodec.encode(entry)).part));
  const decoder = new avro.streams.BlockDecoder({ parseHook: () => flowCodec.type });
  decoder.end(Buffer.concat(body));
  const read: unknown[] = [];
  for await (const row of decoder) read.push({ ...(row as object) });
  assert.deepEqual(read, sent);
});

test('what is not a flow is refused: no message, another schema, a body that is cut or too long', () => {
  const message = flowCodec.encode(flow());
  for (const [broken, code] of [
    [null, 'SCHEMA_FRAME'],
    [Buffer.alloc(0), 'SCHEMA_FRAME'],
    [countersCodec.encode(countersOf([])), 'SCHEMA_UNKNOWN'],
    [message.subarray(0, -1), 'SCHEMA_BODY'],
    [Buffer.concat([message, Buffer.alloc(1)]), 'SCHEMA_BODY'],
  ] as const)
    assert.throws(() => flows.read(broken), { code });
});

test('counters become a line of JSON for each interface', () => {
  const message = countersCodec.encode(
    countersOf([interfaceCounters(), interfaceCounters({ ifIndex: 3, ifName: 'a"b\n' })]),
  );
  const { part, rows } = counters.read(message);
  assert.equal(rows, 2);
  const lines = part.toString().split('\n');
  assert.equal(lines.length, 3);
  assert.equal(lines[2], '');
  assert.deepEqual(JSON.parse(lines[0] as string), {
    time: '1767225600.000000001',
    agent: 'host-1',
    bootId: '0102030405060708090a0b0c0d0e0f10',
    ...interfaceCounters(),
  });
  assert.equal((JSON.parse(lines[1] as string) as InterfaceCounters).ifName, 'a"b\n');
});

test('counters of no interface are a part without rows; parts are joined as they are', () => {
  assert.deepEqual(counters.read(countersCodec.encode(countersOf([]))), { part: Buffer.alloc(0), rows: 0 });
  const parts = [Buffer.from('{"a":1}\n'), Buffer.from('{"a":2}\n')];
  assert.equal(Buffer.concat(counters.join(parts)).toString(), '{"a":1}\n{"a":2}\n');
});

test('times are text with all nine digits, as a double would round them', () => {
  for (const [timeNs, text] of [
    [1_767_225_600_000_000_001n, '1767225600.000000001'],
    [1_767_225_600_999_999_999n, '1767225600.999999999'],
    [1_767_225_600_120_000_000n, '1767225600.120000000'],
    [0n, '0.000000000'],
  ] as const)
    assert.partialDeepStrictEqual(counterRows(countersOf([interfaceCounters()], timeNs)), [{ time: text }]);
});

test('the columns of every row are those of the table, by the shipped migrations', () => {
  const statements = loadMigrations().flatMap((migration) => migration.statements);
  for (const [format, row] of [
    [flows, flow()],
    [counters, counterRows(countersOf([interfaceCounters()]))[0]],
  ] as const) {
    const create =
      statements.find((statement) => statement.includes(`CREATE TABLE IF NOT EXISTS ${format.table}\n`)) ?? '';
    const columns = [...create.matchAll(/^ {4}(\w+) /gm)].map(([, column]) => column);
    assert.deepEqual(Object.keys(row as object).sort(), columns.sort(), format.table);
  }
});
