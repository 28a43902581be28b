import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '@tcxflow/common/config.ts';
import { aggregateSchema } from './config.ts';

function load(t: TestContext, yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'tcxflow.yaml');
  writeFileSync(file, yaml);
  return loadConfig(aggregateSchema, { file, env: {} }).aggregate;
}

test('key sets are a list; there are none, and the flows, unless said otherwise', (t) => {
  const { keySets, flows } = load(t, '');
  assert.deepEqual([keySets, flows], [[], true]);
  const sets = load(
    t,
    `aggregate:
  flows: false
  key_sets:
    - { name: tuple, key: [srcAddress, dstAddress, protocol, srcPort, dstPort] }
    - { name: by-as, window_ms: 10000, key: [dstAddress, dstAs], prefix_v4: 24, prefix_v6: 48 }
`,
  ).keySets;
  const tuple = ['srcAddress', 'dstAddress', 'protocol', 'srcPort', 'dstPort'];
  assert.deepEqual(sets, [
    { name: 'tuple', windowMs: 60_000, key: tuple, prefixV4: 32, prefixV6: 128 },
    { name: 'by-as', windowMs: 10_000, key: ['dstAddress', 'dstAs'], prefixV4: 24, prefixV6: 48 },
  ]);
});

test('what is wrong with a key set is said with its place and what would be accepted', (t) => {
  for (const [set, message] of [
    ['{ name: x, key: [bytes] }', /aggregate\.key_sets\.0\.key\.0 is "bytes": .*"srcAddress"/],
    ['{ name: x, key: [] }', /aggregate\.key_sets\.0\.key/],
    ['{ name: "a b", key: [agent] }', /key_sets\.0\.name is "a b": up to 32 of a-z/],
    ['{ name: x, key: [agent], window_ms: 10 }', /key_sets\.0\.window_ms is 10: .*1000/],
    ['{ name: x, key: [srcAddress], prefix_v4: 33 }', /key_sets\.0\.prefix_v4 is 33: .*32/],
    ['{ name: x, key: [agent], prefix_v4: 24 }', /prefix lengths need srcAddress or dstAddress/],
    ['{ name: x, key: [agent] }, { name: x, key: [dscp] }', /each with a name of its own/],
    [Array.from({ length: 9 }, (_, index) => `{ name: x${index}, key: [agent] }`).join(', '), /key_sets .*8/],
  ] as const)
    assert.throws(() => load(t, `aggregate: { key_sets: [${set}] }`), message);
});
