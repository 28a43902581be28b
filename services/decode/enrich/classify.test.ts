import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClassifier } from './classify.ts';
import { ruleSchema } from './rules.ts';

const traits = { name: 'eth0', alias: '', kind: 'physical', speedBps: 10_000_000_000 };
const classifierOf = (...rules: object[]) => createClassifier(rules.map((rule) => ruleSchema.parse(rule)));

test('for each field the first rule that matches and sets it counts', () => {
  const classifier = classifierOf(
    { agent: 'edge-*', alias: 'transit *', connectivity: 'transit' },
    { agent: 'edge-*', connectivity: 'core', boundary: 'internal' },
    { provider: 'own', boundary: 'external' },
  );
  const classes = (agent: string, alias: string) => classifier.interface(agent, { ...traits, alias });
  assert.deepEqual(classes('edge-1', 'transit Example'), {
    connectivity: 'transit',
    provider: 'own',
    boundary: 'internal',
  });
  assert.deepEqual(classes('edge-1', ''), { connectivity: 'core', provider: 'own', boundary: 'internal' });
  assert.deepEqual(classes('host', ''), { connectivity: '', provider: 'own', boundary: 'external' });
});

test('rules look at name, alias, kind and speed, all of them together', () => {
  const classifier = classifierOf({
    interface: 'eth?',
    alias: '/^peer/',
    kind: ['physical', 'bond'],
    minSpeedMbps: 1000,
    maxSpeedMbps: 10_000,
    provider: 'x',
  });
  const providerOf = (given: object) => classifier.interface('a', { ...traits, alias: 'peer 1', ...given }).provider;
  assert.equal(providerOf({}), 'x');
  for (const other of [
    { name: 'eth10' },
    { alias: 'no peer' },
    { kind: 'veth' },
    { kind: '' },
    { speedBps: 100_000_000 },
    { speedBps: 0 },
    { speedBps: 25_000_000_000 },
  ])
    assert.equal(providerOf(other), '', JSON.stringify(other));
});

test("an agent's classes come from rules that look at agents alone", () => {
  const classifier = classifierOf(
    { agent: '/^fra/', site: 'Frankfurt', region: 'eu' },
    { agent: '*', region: 'other', role: 'host', tenant: 't' },
    { agent: '*', interface: 'eth0', provider: 'p' },
  );
  assert.deepEqual(classifier.agent('fra1'), { role: 'host', site: 'Frankfurt', region: 'eu', tenant: 't' });
  assert.deepEqual(classifier.agent('ams1'), { role: 'host', site: '', region: 'other', tenant: 't' });
});

test('a rule that cannot mean what it says is refused with its reason', () => {
  for (const [rule, reason] of [
    [{ agent: 'x' }, /sets none of/],
    [{ interface: 'eth0', site: 'x' }, /only in a rule that looks at nothing but agent/],
    [{ boundary: 'outside' }, /external/],
    [{ provider: 'x', interfaces: '*' }, /interfaces/],
    [{ provider: 'x', interface: '/(a+)+/' }, /repeated groups/],
  ] as const)
    assert.throws(() => ruleSchema.parse(rule), reason);
});
