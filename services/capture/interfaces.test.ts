import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Link } from 'libbpf-ts/netlink.ts';
import { captureSection, type InterfaceRule } from './config.ts';
import { nameMatcher, selectInterfaces } from './interfaces.ts';

test('a star stands for any characters, a question mark for one', () => {
  for (const [pattern, name, matches] of [
    ['eth0', 'eth0', true],
    ['eth0', 'eth00', false],
    ['eth0', 'veth0', false],
    ['eth*', 'eth', true],
    ['eth*', 'eth0.100', true],
    ['*', 'anything', true],
    ['*0', 'wg0', true],
    ['*0', 'wg01', false],
    ['en?s*', 'ens0', false],
    ['en?s*', 'enps', true],
    ['en?s*', 'en0s31f6', true],
    ['eth?', 'eth', false],
    ['eth?', 'eth1', true],
    ['eth?', 'eth12', false],
  ] as const)
    assert.equal(nameMatcher(pattern)(name), matches, `${pattern} ${name}`);
});

test('all other characters stand for themselves', () => {
  for (const [pattern, other] of [
    ['eth0.1', 'eth0x1'],
    ['a+', 'aa'],
    ['a|b', 'a'],
    ['[ab]', 'a'],
    ['(a)', 'a'],
    ['a{2}', 'aa'],
    ['^a$', 'a'],
    ['\\w', 'a'],
    ['br-a_b@c', 'br-a_b'],
  ] as const) {
    assert.equal(nameMatcher(pattern)(pattern), true, pattern);
    assert.equal(nameMatcher(pattern)(other), false, pattern);
  }
});

function rules(...given: object[]): InterfaceRule[] {
  return captureSection.parse({ interfaces: given }).interfaces;
}

const links = ['lo', 'eth0', 'eth1', 'wg0'].map((name, index) => ({ name, ifIndex: index + 1 }) as Link);

function selected(given: InterfaceRule[]): [string, number][] {
  return selectInterfaces(links, given).map(({ link, rule }) => [link.name, rule.rate]);
}

test('the first rule that matches an interface counts', () => {
  assert.deepEqual(
    selected(rules({ match: 'eth1', rate: 10 }, { match: 'eth*', rate: 100 }, { match: '*', rate: 7 })),
    [
      ['lo', 7],
      ['eth0', 100],
      ['eth1', 10],
      ['wg0', 7],
    ],
  );
  assert.deepEqual(
    selected(rules({ match: '*', rate: 7 }, { match: 'eth1', rate: 10 })).map(([, rate]) => rate),
    [7, 7, 7, 7],
  );
});

test('an interface that no rule names is not sampled', () => {
  assert.deepEqual(selected(rules({ match: 'wg?' })), [['wg0', 1000]]);
  assert.deepEqual(selected(rules({ match: 'ppp*' })), []);
  assert.deepEqual(selected([]), []);
});
