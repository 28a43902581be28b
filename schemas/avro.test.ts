import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { type Codec, FRAME_HEADER_BYTES, rabinFingerprint, SchemaError } from './avro.ts';
import type { Counters, DropBatch, LedgerEntry, SampleBatch } from './generated.ts';
import {
  countersCodec,
  decodedBatchCodec,
  dropBatchCodec,
  flowCodec,
  ledgerEntryCodec,
  sampleBatchCodec,
} from './topics.ts';

const { types } = avro;

const codecs = [
  countersCodec,
  decodedBatchCodec,
  dropBatchCodec,
  flowCodec,
  ledgerEntryCodec,
  sampleBatchCodec,
] as Codec<unknown>[];

// Messages that fastavro 1.13 wrote with the same .avsc files.
const batchMessage = hex(`
  c301 05c4a386cf4456fc 0261 00000000000000000000ffffc0000201 000102030405060708090a0b0c0d0e0f 02
  aab4f2b6de82ccc531 ffffffffffffffffff01 f403
  02 04 0865746830 0202 d00f 14 80e807 06 02 00 00 00 08 00
  02 00 02 0a c801 02 02 78 ba9b04 00 0e 046000 00`);
const batch: SampleBatch = {
  agent: 'a',
  agentAddress: hex('00000000000000000000ffffc0000201'),
  bootId: hex('000102030405060708090a0b0c0d0e0f'),
  batchSequence: 1,
  baseTimeNs: 1_785_000_000_123_456_789n,
  clockOffsetNs: -(2n ** 63n),
  clockUncertaintyNs: 250,
  sources: [
    {
      ifIndex: 2,
      ifName: 'eth0',
      direction: 'egress',
      linkType: 'ip',
      packets: 1000,
      buffers: 10,
      bytes: 64_000,
      selected: 3,
      ringFull: 1,
      copyFailed: 0,
      own: 0,
      ownSelected: 0,
      lostOnWay: 4,
    },
  ],
  samples: [
    {
      source: 0,
      sequence: 1,
      timeOffsetNs: 5,
      samplingRate: 100,
      sampleCount: 1,
      segments: 1,
      wireBytes: 60,
      etherType: 0x86dd,
      inputIfIndex: 0,
      outputIfIndex: 7,
      header: hex('6000'),
    },
  ],
};
const dropMessage = hex(`
  c301 babb96d45da42842
  026100000000000000000000ffffc0000201000102030405060708090a0b0c0d0e0f04aab4f2b6de82ccc531ffffffff
  ffffffffff01f4030202124e4f5f534f434b455406d00fa01f08c801b401020002000a14808080801e0e08657468300e
  02ba9b04047804600000`);
const drops: DropBatch = {
  agent: 'a',
  agentAddress: batch.agentAddress,
  bootId: batch.bootId,
  batchSequence: 2,
  baseTimeNs: batch.baseTimeNs,
  clockOffsetNs: batch.clockOffsetNs,
  clockUncertaintyNs: 250,
  missed: 1,
  reasons: [
    {
      name: 'NO_SOCKET',
      number: 3,
      buffers: 1000,
      packets: 2000,
      local: 4,
      selected: 100,
      overBound: 90,
      ringFull: 1,
    },
  ],
  drops: [
    {
      reason: 0,
      timeOffsetNs: 5,
      samplingRate: 10,
      netns: 4_026_531_840,
      ifIndex: 7,
      ifName: 'eth0',
      inputIfIndex: 7,
      linkType: 'ip',
      etherType: 0x86dd,
      segments: 2,
      bytes: 60,
      header: hex('6000'),
    },
  ],
};
const ledgerMessage = hex(`
  c301 4155bb9200cbba42 0e686f73742dc3a9 000102030405060708090a0b0c0d0e0f 0c6465636f6465
  c091dba4f367 fcffffffffffff1f d804 00 04 126d616c666f726d6564 04 1272696e675f66756c6c 8001 00
  02 0a 06 f80a c091dba4f367`);
const ledger: LedgerEntry = {
  agent: 'host-é',
  bootId: hex('000102030405060708090a0b0c0d0e0f'),
  stage: 'decode',
  minute: 1_785_000_060_000,
  in: 2 ** 53 - 2,
  out: 300,
  waiting: 0,
  lost: [
    { cause: 'malformed', samples: 2 },
    { cause: 'ring_full', samples: 64 },
  ],
  letters: 1,
  batchSequence: 5,
  sourcePartition: 3,
  sourceOffset: 700,
  sinceMs: 1_785_000_060_000,
};

test('fingerprints are those of the schema tests that come with Avro (schema-tests.txt), little-endian', () => {
  for (const [canonicalForm, fingerprint] of [
    ['"null"', 0x63dd24e7cc258f8an],
    ['"int"', 0x7275d51a3f395c8fn],
    ['"string"', -8142146995180207161n],
    ['{"name":"foo","type":"record","fields":[]}', -4824392279771201922n],
  ] as const)
    assert.equal(rabinFingerprint(canonicalForm).readBigInt64LE(), fingerprint);
  assert.equal(rabinFingerprint('"int"').toString('hex'), '8f5c393f1ad57572');
});

test('a message starts with C3 01 and the fingerprint that fastavro gives its schema', () => {
  for (const [codec, header] of [
    [countersCodec, 'c3018674d4a648d74568'],
    [decodedBatchCodec, 'c30154a9b0e3990f5dde'],
    [dropBatchCodec, 'c301babb96d45da42842'],
    [flowCodec, 'c301880cc970e62b4adb'],
    [ledgerEntryCodec, 'c3014155bb9200cbba42'],
    [sampleBatchCodec, 'c30105c4a386cf4456fc'],
  ] as const)
    assert.equal(codec.frameHeader.toString('hex'), header, `${codec.name}: a changed schema is a new version`);
});

test('what another Avro library wrote is read, and written the same', () => {
  assert.deepEqual(plain(sampleBatchCodec.decode(batchMessage)), batch);
  assert.deepEqual(sampleBatchCodec.encode(batch), batchMessage);
  assert.deepEqual(plain(dropBatchCodec.decode(dropMessage)), drops);
  assert.deepEqual(dropBatchCodec.encode(drops), dropMessage);
  assert.deepEqual(plain(ledgerEntryCodec.decode(ledgerMessage)), ledger);
  assert.deepEqual(ledgerEntryCodec.encode(ledger), ledgerMessage);
});

for (const codec of codecs) {
  const value = example(codec.type);
  const message = codec.encode(value);

  test(`${codec.name} comes back as it was encoded`, () => {
    assert.deepEqual(plain(codec.decode(message)), value);
    assert.deepEqual(codec.frameHeader, message.subarray(0, FRAME_HEADER_BYTES));
    assert.deepEqual(codec.body(message), message.subarray(FRAME_HEADER_BYTES));
  });

  test(`${codec.name} refuses every prefix of a message, and a byte too many`, () => {
    for (let length = 0; length < message.length; length++) {
      const code = length < FRAME_HEADER_BYTES ? 'SCHEMA_FRAME' : 'SCHEMA_BODY';
      refuses(codec, message.subarray(0, length), code);
    }
    refuses(codec, Buffer.concat([message, Buffer.of(0)]), 'SCHEMA_BODY');
  });

  test(`${codec.name} refuses the messages of every other schema`, () => {
    for (const other of codecs) if (other !== codec) refuses(other, message, 'SCHEMA_UNKNOWN');
  });

  test(`${codec.name} refuses what is not framed, and null`, () => {
    refuses(codec, null, 'SCHEMA_FRAME');
    refuses(codec, Buffer.from('{"agent":"a","agentAddress":"b"}'), 'SCHEMA_FRAME');
    refuses(codec, message.subarray(FRAME_HEADER_BYTES), 'SCHEMA_FRAME');
    refuses(codec, Buffer.concat([hex('0000000001'), message]), 'SCHEMA_FRAME'); // the schema registry's framing
    refuses(codec, Buffer.concat([hex('c302'), message.subarray(2)]), 'SCHEMA_FRAME');
  });
}

test('nanoseconds are exact over the whole range of a long', () => {
  for (const timeNs of [0n, -1n, 2n ** 53n + 1n, 1_785_000_000_123_456_789n, 2n ** 63n - 1n, -(2n ** 63n)]) {
    const message = countersCodec.encode({ ...(example(countersCodec.type) as Counters), timeNs });
    assert.equal(countersCodec.decode(message).timeNs, timeNs);
  }
});

test('a plain long that a number cannot hold is refused, not rounded', () => {
  const tooBig = hex(ledgerMessage.toString('hex').replace('fcffffffffffff1f', 'fcffffffffffff7f')); // in: 2^55 - 2
  refuses(ledgerEntryCodec as Codec<unknown>, tooBig, 'SCHEMA_BODY');
});

test('a value that does not fit its schema is not encoded', () => {
  assert.throws(() => ledgerEntryCodec.encode({ ...ledger, bootId: Buffer.alloc(15) }));
  assert.throws(() => ledgerEntryCodec.encode({ ...ledger, in: 0.5 }));
  assert.throws(() => sampleBatchCodec.encode({ ...batch, baseTimeNs: 5 as unknown as bigint }));
});

test('a count that the message cannot hold is refused before room is made for it', () => {
  const start = ledgerMessage.subarray(0, ledgerMessage.indexOf(hex('04126d61'))); // up to the count of lost
  const claims = (bytes: string) => Buffer.concat([start, hex(bytes)]);
  refuses(ledgerEntryCodec as Codec<unknown>, claims('8080c2a608'), 'SCHEMA_BODY'); // over a thousand million
  refuses(ledgerEntryCodec as Codec<unknown>, claims('ffffc2a608 00'), 'SCHEMA_BODY'); // negative: a size follows
  refuses(ledgerEntryCodec as Codec<unknown>, claims('06 0261 02 0261'), 'SCHEMA_BODY'); // three, the second cut short
});

function refuses(codec: Codec<unknown>, message: Buffer | null, code: SchemaError['code']): void {
  const isRefusal = (error: unknown) => error instanceof SchemaError && error.code === code;
  assert.throws(() => codec.decode(message), isRefusal);
  assert.throws(() => codec.body(message), isRefusal);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}

/** A value of any type that our schemas use; the numbers in it differ. */
function example(type: avro.Type, next = counting()): unknown {
  if (type instanceof types.RecordType)
    return Object.fromEntries(type.fields.map((field) => [field.name, example(field.type, next)]));
  if (type instanceof types.ArrayType) return [example(type.itemsType, next), example(type.itemsType, next)];
  if (type instanceof types.UnwrappedUnionType) {
    const value = type.types.find((branch) => branch.typeName !== 'null') as avro.Type;
    return value instanceof types.RecordType || next() % 2 === 0 ? example(value, next) : null;
  }
  if (type instanceof types.FixedType) return Buffer.alloc(type.size, next());
  if (type instanceof types.EnumType) return type.symbols.at(-1);
  const values: { [typeName: string]: unknown } = {
    'abstract:long': 1_785_000_000_123_456_789n + BigInt(next()),
    long: next() * 1000,
    int: -next(),
    double: next() / 8,
    boolean: next() % 2 === 0,
    string: `text ${next()}`,
    bytes: Buffer.alloc(5, next()),
  };
  assert.ok(type.typeName in values, type.typeName);
  return values[type.typeName];
}

function counting(): () => number {
  let count = 0;
  return () => ++count;
}

/** Without the classes that avsc gives its records. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
