// Whoever reads a topic after an update finds messages of before it, and whoever was not updated yet finds newer ones.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import avro from 'avsc';
import { type Codec, rabinFingerprint, SchemaError } from './avro.ts';
import * as topics from './topics.ts';

const codecs = Object.values(topics).flatMap((value) =>
  typeof value === 'object' && 'frameHeader' in value ? [value as unknown as Codec<unknown>] : [],
);
const folder = new URL('released/', import.meta.url);

// fastavro 1.13 wrote it with released/flow.v1/2026-11-25.avsc.
const oldFlow = Buffer.from(
  'c3016627b0ccd2f0b13e80e8d3a4f3670e010261000102030405060708090a0b0c0d0e0f0e0261020e0e0e0e0e000102030405060708090a0b' +
    '0c0d0e0f000102030405060708090a0b0c0d0e0f0e0e0e0e0e0e0e0e0e00000000000004400000000000000440aab4f2b6de82ccc531aab4' +
    'f2b6de82ccc5310e0e0e0e0e0e',
  'hex',
);

for (const name of readdirSync(folder))
  for (const file of readdirSync(new URL(`${name}/`, folder)))
    test(`${name} and its release of ${file.replace('.avsc', '')} read each other (FULL_TRANSITIVE)`, () => {
      const codec = codecs.find((each) => each.name === name);
      assert.ok(codec, `no topic has ${name}`);
      const released = JSON.parse(readFileSync(new URL(`${name}/${file}`, folder), 'utf8')) as avro.Schema;
      const before = avro.Type.forSchema(released);
      const now = avro.Type.forSchema(codec.schema as avro.Schema);
      now.createResolver(before); // throws when it can't
      before.createResolver(now);
    });

test('a message of a released schema is read as the present one has it', () => {
  const flow = topics.flowCodec.decode(oldFlow);
  assert.partialDeepStrictEqual(flow, { agent: 'a', ifIndex: 7, direction: 'egress', bytesVariance: 2.5, maxTtl: 7 });
  assert.equal(flow.firstNs, 1_785_000_000_123_456_789n);
  assert.deepEqual([flow.tunnelKind, flow.communityId], [0, '']);
  const current = topics.flowCodec.current(oldFlow);
  assert.ok(current.subarray(0, 10).equals(topics.flowCodec.frameHeader));
  assert.deepEqual(topics.flowCodec.decode(current), flow);
  assert.ok(topics.flowCodec.body(oldFlow).equals(current.subarray(10)));
  assert.equal(topics.flowCodec.current(current), current, 'the present one is not touched');
});

test('an old message that is broken, cut or followed by something is refused like any other', () => {
  for (let length = 10; length < oldFlow.length; length++)
    assert.throws(() => topics.flowCodec.decode(oldFlow.subarray(0, length)), SchemaError, `${length}`);
  assert.throws(() => topics.flowCodec.decode(Buffer.concat([oldFlow, Buffer.from([0])])), SchemaError);
});

test('an old message that claims a billion items makes no room for them', () => {
  const [file = ''] = readdirSync(new URL('decoded-batch.v1/', folder));
  const schema = JSON.parse(readFileSync(new URL(`decoded-batch.v1/${file}`, folder), 'utf8')) as avro.Schema;
  const fingerprint = rabinFingerprint(JSON.stringify(avro.Type.forSchema(schema).schema()));
  // No agent, addresses of zeros, numbers 0; then the count of sources: 2^40 zigzag.
  const body = Buffer.concat([Buffer.alloc(1 + 16 + 16 + 5), Buffer.from('808080808040', 'hex'), Buffer.alloc(20)]);
  const hostile = Buffer.concat([Buffer.from([0xc3, 0x01]), fingerprint, body]);
  assert.throws(() => topics.decodedBatchCodec.current(hostile), /items in \d+ bytes/);
});
