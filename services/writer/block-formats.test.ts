import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow } from '@tcxflow/schemas/generated.ts';
import {
  countersCodec,
  dropBatchCodec,
  flowCodec,
  ledgerEntryCodec,
  sampleBatchCodec,
  topicNames,
} from '@tcxflow/schemas/topics.ts';
import avro from 'avsc';
import { type BlockFormat, blockFormats, blockFormatsOf } from './block-formats.ts';
import { loadMigrations } from './migrations.ts';
import {
  batchOf,
  countersOf,
  dropsOf,
  hostCounters,
  interfaceCounters,
  ledgerEntryOf,
  metadata,
} from './testing/messages.ts';
import { summary } from './testing/summaries.ts';

const flows = blockFormats[topicNames.flows] as BlockFormat;
const counters = blockFormats[topicNames.counters] as BlockFormat;
const drops = blockFormats[topicNames.drops] as BlockFormat;
const rawSamples = blockFormats[topicNames.rawSamples] as BlockFormat;
const ledger = blockFormats[topicNames.ledger] as BlockFormat;

const position = { partition: 1, offset: 7, timestampMs: 1_767_225_601_000 };

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
    tunnelKind: 4,
    tunnelId: 5001,
    outerSrcAddress: Buffer.alloc(16, 4),
    outerDstAddress: Buffer.alloc(16, 5),
    mplsLabel: 0,
    srcAs: 64_500,
    dstAs: 0,
    srcCountry: 'CH',
    dstCountry: '',
    srcNetwork: 'office',
    dstNetwork: '',
    ifAlias: 'uplink',
    ifBoundary: 'external',
    agentSite: '',
    agentRole: '',
    communityId: '',
    ...fields,
  };
}

test('a flow’s part is the message without its frame of ten bytes, and one row', () => {
  const message = flowCodec.encode(flow());
  assert.deepEqual(flows.read(message, position), [{ part: message.subarray(10), rows: 1 }]);
});

test('a block of flows is an Avro file that avsc reads, with all flows in order', async () => {
  const sent = [flow(), flow({ srcPort: 1 }), flow({ late: true, agent: 'hôst' })];
  const body = flows.tables[0]?.join(
    sent.map((entry) => flows.read(flowCodec.encode(entry), position)[0]?.part as Buffer),
  );
  const decoder = new avro.streams.BlockDecoder({ parseHook: () => flowCodec.type });
  decoder.end(Buffer.concat(body ?? []));
  const read: unknown[] = [];
  for await (const row of decoder) read.push({ ...(row as object) });
  assert.deepEqual(read, sent);
});

test('what is not a flow is refused: no message, another schema, a body that is cut or too long', () => {
  const message = flowCodec.encode(flow());
  for (const [broken, code] of [
    [null, 'SCHEMA_FRAME'],
    [Buffer.alloc(0), 'SCHEMA_FRAME'],
    [countersCodec.encode(countersOf()), 'SCHEMA_UNKNOWN'],
    [message.subarray(0, -1), 'SCHEMA_BODY'],
    [Buffer.concat([message, Buffer.alloc(1)]), 'SCHEMA_BODY'],
  ] as const)
    assert.throws(() => flows.read(broken, position), { code });
});

test('a message is lines of JSON for each of its topic’s tables; what it lacks is a piece without rows', () => {
  const message = countersCodec.encode(
    countersOf({ interfaces: [interfaceCounters(), interfaceCounters({ ifName: 'a"b\n' })], metadata: [metadata()] }),
  );
  assert.deepEqual(
    counters.tables.map(({ table, format }) => [table, format]),
    [
      ['interface_counters', 'JSONEachRow'],
      ['host_counters', 'JSONEachRow'],
      ['interfaces', 'JSONEachRow'],
    ],
  );
  const pieces = counters.read(message, position);
  assert.deepEqual(
    pieces.map(({ rows }) => rows),
    [2, 0, 1],
  );
  assert.deepEqual(pieces[1]?.part, Buffer.alloc(0));
  const lines = String(pieces[0]?.part).split('\n');
  assert.equal(lines.length, 3);
  assert.equal(lines[2], '');
  assert.equal((JSON.parse(lines[1] as string) as { ifName: string }).ifName, 'a"b\n');
});

test('parts of JSON are joined as they are', () => {
  const parts = [Buffer.from('{"a":1}\n'), Buffer.from('{"a":2}\n')];
  for (const { join } of [...counters.tables, ...drops.tables])
    assert.equal(Buffer.concat(join(parts)).toString(), '{"a":1}\n{"a":2}\n');
});

/** Columns by the shipped migrations: of CREATE TABLE, and what was added later. */
function columnsOf(table: string): string[] {
  const statements = loadMigrations().flatMap((migration) => migration.statements);
  return statements
    .filter(
      (text) => text.startsWith(`CREATE TABLE IF NOT EXISTS ${table}\n`) || text.startsWith(`ALTER TABLE ${table}\n`),
    )
    .flatMap((text) =>
      [...text.matchAll(/^ {4}(?:ADD COLUMN IF NOT EXISTS )?([a-z]\w*) /gm)].map(([, column = '']) => column),
    );
}

test('the columns of every row are those of the table, by the shipped migrations', () => {
  const everything = countersOf({ interfaces: [interfaceCounters()], host: hostCounters(), metadata: [metadata()] });
  for (const [format, message] of [
    [counters, countersCodec.encode(everything)],
    [drops, dropBatchCodec.encode(dropsOf())],
    [rawSamples, sampleBatchCodec.encode(batchOf([[1, 3]]))],
    [ledger, ledgerEntryCodec.encode(ledgerEntryOf())],
  ] as const)
    for (const [index, { part }] of format.read(message, position).entries()) {
      const { table = '' } = format.tables[index] ?? {};
      const row = JSON.parse(String(part).split('\n')[0] as string) as object;
      assert.deepEqual(Object.keys(row).sort(), columnsOf(table).sort(), table);
    }
  assert.deepEqual(Object.keys(flow()).sort(), columnsOf('flows').sort());
  assert.deepEqual(Object.keys(summary()).sort(), columnsOf('flow_summaries').sort());
});

test('what cannot be read of raw samples is no row and no dead letter of the writer: decode sends that', () => {
  const both = blockFormatsOf({ samples: true })[topicNames.rawSamples] as BlockFormat;
  assert.deepEqual(
    both.tables.map(({ table, format }) => [table, format]),
    [
      ['captured', 'JSONEachRow'],
      ['samples', 'RowBinary'],
    ],
  );
  const whole = sampleBatchCodec.encode(batchOf([[1, 3]]));
  const rowsOf = (message: Buffer | null) => both.read(message, position).map(({ rows }) => rows);
  assert.deepEqual(rowsOf(whole), [1, 1]);
  for (const broken of [null, Buffer.from('junk'), whole.subarray(0, 30)]) assert.deepEqual(rowsOf(broken), [0, 0]);
  assert.deepEqual(rowsOf(Buffer.concat([whole, Buffer.alloc(1)])), [1, 0], 'its samples are counted all the same');
});
