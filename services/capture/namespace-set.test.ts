import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureSection, numberedRules } from './config.ts';
import { createNamespaceNumbers } from './namespace-numbers.ts';
import { rulesOf, wantedNamespaces } from './namespace-set.ts';

const OWN = 1;
const rulesFor = (...netns: (string | undefined)[]) =>
  numberedRules(captureSection.parse({ interfaces: netns.map((name) => (name === undefined ? {} : { netns: name })) }));
const there = (...names: [string, number][]) => names.map(([name, inode]) => ({ name, path: `/x/${name}`, inode }));
const wantedNames = (rules: ReturnType<typeof rulesFor>, named: ReturnType<typeof there>) =>
  wantedNamespaces(rules, named, OWN).map(({ name }) => name);

test('a rule is for the namespaces that its pattern names; without one it is for the process’s own', () => {
  const named = there(['blue', 2], ['c1', 3], ['c22', 4]);
  assert.deepEqual(wantedNames(rulesFor('c?'), named), ['c1']);
  assert.deepEqual(wantedNames(rulesFor('c*', 'blue'), named), ['blue', 'c1', 'c22']);
  assert.deepEqual(wantedNames(rulesFor(undefined, 'blue'), named), [undefined, 'blue']);
  assert.deepEqual(wantedNames(rulesFor(undefined), named), [undefined]);
  assert.deepEqual(wantedNames(rulesFor('green'), named), []);
  assert.deepEqual(
    rulesOf(rulesFor('c*', undefined, 'c1'), 'c1').map(({ number }) => number),
    [1, 3],
  );
  assert.deepEqual(
    rulesOf(rulesFor('c*', undefined), undefined).map(({ number }) => number),
    [2],
  );
});

test('a namespace with two names is sampled once, and the process’s own is not sampled under a name as well', () => {
  assert.deepEqual(wantedNames(rulesFor('*'), there(['a', 2], ['b', 2], ['c', 3])), ['a', 'c']);
  assert.deepEqual(wantedNames(rulesFor('b', 'c'), there(['a', 2], ['b', 2], ['c', 3])), ['b', 'c']);
  assert.deepEqual(wantedNames(rulesFor(undefined, '*'), there(['default', OWN], ['c', 3])), [undefined, 'c']);
  assert.deepEqual(wantedNames(rulesFor('*'), there(['default', OWN])), ['default']);
});

const never = () => false;

test('the first namespace that a rule names has number 0, a pattern’s have others', () => {
  const numbers = createNamespaceNumbers();
  numbers.reserve(rulesFor('blue', 'c*', undefined));
  assert.deepEqual(
    ['c1', 'blue', undefined, 'c2'].map((name) => numbers.of(name, never)),
    [2, 0, 1, 3],
  );
  const patterns = createNamespaceNumbers();
  patterns.reserve(rulesFor('*'));
  assert.equal(patterns.of('c1', never), 1);
});

test('a name that comes again has its number; when all are taken, that of the name not seen for longest goes first', () => {
  const numbers = createNamespaceNumbers(4);
  numbers.reserve(rulesFor(undefined));
  assert.deepEqual(
    ['a', 'b', 'c', 'a'].map((name) => numbers.of(name, never)),
    [1, 2, 3, 1],
  );
  assert.equal(
    numbers.of('d', (name) => name === 'b'),
    3,
  );
  assert.equal(numbers.of('e', never), 2);
  assert.equal(numbers.of(undefined, never), 0);
  assert.throws(() => numbers.of('f', () => true), { code: 'TOO_MANY_NAMESPACES' });
});
