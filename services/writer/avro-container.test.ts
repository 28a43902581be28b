import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import avro from 'avsc';
import { encodeContainer, encodeLong } from './avro-container.ts';

test('longs are as the examples of the Avro specification', () => {
  for (const [value, bytes] of [
    [0, '00'],
    [1, '02'],
    [2, '04'],
    [63, '7e'],
    [64, '8001'],
    [8191, 'fe7f'],
    [8192, '808001'],
    [2 ** 31, '8080808010'],
    [Number.MAX_SAFE_INTEGER, 'feffffffffffff1f'],
  ] as const)
    assert.equal(encodeLong(value).toString('hex'), bytes, String(value));
});

test('longs are as avsc writes them', () => {
  const long = avro.Type.forSchema('long');
  const random = seededRandom(9);
  for (let round = 0; round < 2000; round++) {
    const value = Math.floor(random.below(2 ** 32) * 2 ** (random.below(53) - 32)); // all lengths up to 2^52
    assert.deepEqual(encodeLong(value), long.toBuffer(value), String(value));
  }
});

const schema = {
  type: 'record',
  name: 'Row',
  namespace: 'test.v1',
  doc: 'Two bytes and more: ü € 😀',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'name', type: 'string' },
  ],
} as const;
const type = avro.Type.forSchema(schema as unknown as avro.Schema);

/** What avsc's own reader makes of a file. */
async function readContainer(file: Buffer): Promise<{ metadata: object; rows: unknown[] }> {
  const decoder = new avro.streams.BlockDecoder();
  const rows: unknown[] = [];
  let metadata: object = {};
  decoder.on('metadata', (_type: unknown, codec: unknown, header: { meta: Record<string, Buffer> }) => {
    metadata = { codec, schema: JSON.parse(String(header.meta['avro.schema'])) as unknown };
  });
  decoder.end(file);
  for await (const row of decoder) rows.push({ ...(row as object) });
  return { metadata, rows };
}

test('a container of any number of bodies is read back by avsc', async () => {
  for (const count of [1, 2, 63, 64, 1000]) {
    const rows = Array.from({ length: count }, (_, id) => ({ id, name: 'x'.repeat(id % 200) }));
    const file = Buffer.concat(
      encodeContainer(
        schema,
        rows.map((row) => type.toBuffer(row)),
      ),
    );
    const { metadata, rows: read } = await readContainer(file);
    assert.deepEqual(read, rows);
    assert.deepEqual(metadata, { codec: 'null', schema });
  }
});

test('the file begins with magic, metadata and sync marker, and ends with the marker', () => {
  const pieces = encodeContainer('int' as unknown as object, [Buffer.from([2]), Buffer.from([4])]);
  const map = `0416${Buffer.from('avro.schema').toString('hex')}0a${Buffer.from('"int"').toString('hex')}`;
  const codec = `14${Buffer.from('avro.codec').toString('hex')}08${Buffer.from('null').toString('hex')}00`;
  const sync = Buffer.from('tcxflow-sync-mrk').toString('hex');
  assert.equal(Buffer.concat(pieces).toString('hex'), `4f626a01${map}${codec}${sync}04040204${sync}`);
});

test('the same bodies make the same bytes: a retry is the identical block', () => {
  const bodies = [type.toBuffer({ id: 1, name: 'a' }), type.toBuffer({ id: 2, name: 'b' })];
  assert.deepEqual(encodeContainer(schema, bodies), encodeContainer(schema, bodies));
});
