import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import { createMetadataDiff } from './interface-metadata.ts';

function metadata(ifIndex: number, name: string, validFromNs: bigint): InterfaceMetadata {
  return { ifIndex, name, validFromNs, removed: false, addresses: [] } as unknown as InterfaceMetadata;
}

const brief = (all: InterfaceMetadata[]) => all.map(({ name, validFromNs, removed }) => [name, validFromNs, removed]);

test('only news is told; what is known stays valid from when it was first so', () => {
  const diff = createMetadataDiff();
  assert.deepEqual(brief(diff.update([metadata(1, 'a', 10n), metadata(2, 'b', 10n)], 10n)), [
    ['a', 10n, false],
    ['b', 10n, false],
  ]);
  assert.deepEqual(diff.update([metadata(1, 'a', 20n), metadata(2, 'b', 20n)], 20n), []);
  assert.deepEqual(brief(diff.update([metadata(1, 'renamed', 30n)], 30n)), [
    ['renamed', 30n, false],
    ['b', 30n, true],
  ]);
  assert.deepEqual(brief(diff.known()), [['renamed', 30n, false]]);
});

test('what is told again says since when', () => {
  const diff = createMetadataDiff();
  for (const now of [10n, 20n, 30n]) diff.update([metadata(1, 'a', now)], now);
  assert.deepEqual(brief(diff.known()), [['a', 10n, false]]);
});
