import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as record from './record.ts';

const { Endpoint, forEachRecord, PointConfig, PointCounters, Record, readU64, recordBytes } = record;

const installed = spawnSync('cc', ['--version']).status === 0;
// Where CI is true, a missing compiler is a failure and not a reason to look away.
const skip = installed || process.env.CI === 'true' ? false : 'cc is not installed';

/** What the C compiler says: "struct.field" → offset, "struct" → size, "struct.field bytes" → size, constant → value. */
let compiled: Map<string, number>;
const structs = { sample_record: Record, point_config: PointConfig, point_counters: PointCounters, endpoint: Endpoint };
const constants = [
  'SAMPLE_VLAN',
  'SAMPLE_L3',
  'POINT_L3',
  'POINT_FIB',
  'POINT_OWN',
  'POINT_LOOPBACK',
  'SAMPLE_HEADER_MAX',
];

before(() => {
  if (skip) return;
  const expressions: Record<string, string> = {};
  for (const [struct, layout] of Object.entries(structs)) {
    expressions[struct] = `sizeof(struct ${struct})`;
    for (const field of fieldsOf(layout)) {
      expressions[`${struct}.${field}`] = `offsetof(struct ${struct}, ${field})`;
      if (field !== 'header') expressions[`${struct}.${field} bytes`] = `sizeof(((struct ${struct} *)0)->${field})`;
    }
  }
  for (const name of constants) expressions[name] = name;
  compiled = evaluate(expressions);
});

for (const [struct, layout] of Object.entries(structs)) {
  test(`every field of ${struct} is where the C compiler puts it`, { skip }, () => {
    const entries = fieldsOf(layout).map((field) => [field, compiled.get(`${struct}.${field}`)]);
    const { SIZE: _size, ...offsets } = layout as { [name: string]: number };
    assert.deepEqual(
      Object.fromEntries(entries),
      Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name.toLowerCase(), offset])),
    );
  });

  test(`no field of ${struct} is missing: each begins where the one before it ends`, { skip }, () => {
    let end = 0;
    for (const field of fieldsOf(layout)) {
      assert.equal(compiled.get(`${struct}.${field}`), end, field);
      end += compiled.get(`${struct}.${field} bytes`) ?? 0;
    }
    assert.equal(end, compiled.get(struct));
  });
}

test('sizes and flags are those of sample.h', { skip }, () => {
  assert.equal(Record.HEADER, compiled.get('sample_record'));
  assert.equal(PointConfig.SIZE, compiled.get('point_config'));
  assert.equal(PointCounters.SIZE, compiled.get('point_counters'));
  assert.equal(record.FLAG_VLAN, compiled.get('SAMPLE_VLAN'));
  assert.equal(record.FLAG_L3, compiled.get('SAMPLE_L3'));
  assert.equal(record.POINT_L3, compiled.get('POINT_L3'));
  assert.equal(record.POINT_FIB, compiled.get('POINT_FIB'));
  assert.equal(record.POINT_OWN, compiled.get('POINT_OWN'));
  assert.equal(record.POINT_LOOPBACK, compiled.get('POINT_LOOPBACK'));
  assert.equal(recordBytes(65535) - Record.HEADER, compiled.get('SAMPLE_HEADER_MAX'));
});

test('a record takes the tier that its header bytes need: 64, 128 or 256', () => {
  assert.deepEqual([0, 1, 64].map(recordBytes), [136, 136, 136]);
  assert.deepEqual([65, 128].map(recordBytes), [200, 200]);
  assert.deepEqual([129, 255, 256].map(recordBytes), [328, 328, 328]);
});

// Five records, back to back; each has its number as sequence.
const headerBytes = [42, 65, 256, 128, 64];
const starts = [0, 136, 336, 664, 864];
const batch = Buffer.alloc(1000);
for (const [index, start] of starts.entries()) {
  batch.writeBigUInt64LE(BigInt(index + 1), start + Record.SEQUENCE);
  batch.writeUInt16LE(headerBytes[index] ?? 0, start + Record.HEADER_BYTES);
}

test('records of all tiers are visited where they start', () => {
  const seen: number[][] = [];
  forEachRecord(batch, (start) => seen.push([start, readU64(batch, start + Record.SEQUENCE)]));
  assert.deepEqual(
    seen,
    starts.map((start, index) => [start, index + 1]),
  );
});

test('of a batch that is cut short, whole records are visited and nothing is read behind its end', () => {
  for (let length = 0; length <= batch.length; length++) {
    const visited: number[] = [];
    forEachRecord(batch.subarray(0, length), (start) => visited.push(start));
    const whole = starts.filter((start, index) => start + recordBytes(headerBytes[index] ?? 0) <= length);
    assert.deepEqual(visited.slice(0, whole.length), whole);
    assert.ok(visited.every((start) => start + Record.HEADER <= length));
  }
});

test('a u64 is read exactly up to 2^53', () => {
  for (const value of [0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0x1f_ffff_ffff_ffffn]) {
    const bytes = Buffer.alloc(12);
    bytes.writeBigUInt64LE(value, 3);
    assert.equal(readU64(bytes, 3), Number(value));
  }
});

/** C names in the order of the TypeScript mirror. */
function fieldsOf(layout: object): string[] {
  return Object.keys(layout)
    .filter((name) => name !== 'SIZE')
    .map((name) => name.toLowerCase());
}

/** Compiles and runs a program that prints these C expressions. */
function evaluate(expressions: { [name: string]: string }): Map<string, number> {
  const prints = Object.entries(expressions).map(
    ([name, expression]) => `printf("${name}=%lu\\n", (unsigned long)(${expression}));`,
  );
  const source = `#include <stddef.h>\n#include <stdio.h>\n#include "sample.h"\nint main(void) { ${prints.join('\n')} }\n`;
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-record-'));
  try {
    const program = join(folder, 'layout');
    execFileSync('cc', ['-Wall', '-Werror', '-x', 'c', '-', '-o', program, '-I', import.meta.dirname], {
      input: source,
    });
    const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
    return new Map(
      lines.map((line) => line.split('=') as [string, string]).map(([name, text]) => [name, Number(text)]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
