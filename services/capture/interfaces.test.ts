import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Link } from 'libbpf-ts/netlink.ts';
import { captureSection, numberedRules } from './config.ts';
import { autoRate, decide, kindOf, nameMatcher } from './interfaces.ts';

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

function link(name: string, fields: Partial<Link> = {}): Link {
  return { name, ifIndex: 2, arpType: 1, kind: '', ...fields } as Link;
}

/** Rates that the rules give to both directions of a link, 0 = not sampled. */
function ratesOf(of: Link, given: object[], speedBps = 0): [ingress: number, egress: number] {
  const rules = numberedRules(captureSection.parse({ interfaces: given }));
  const { ingress, egress } = decide({ link: of, speedBps }, rules);
  return [ingress.rate, egress.rate];
}

test('the first rule that matches an interface counts', () => {
  const rules = [{ match: 'eth1', rate: 10 }, { match: 'eth*', rate: 100 }, { rate: 7 }];
  assert.deepEqual(ratesOf(link('eth1'), rules), [10, 10]);
  assert.deepEqual(ratesOf(link('eth0'), rules), [100, 100]);
  assert.deepEqual(ratesOf(link('wg0'), rules), [7, 7]);
  assert.deepEqual(ratesOf(link('eth1'), [...rules].reverse()), [7, 7]);
});

test('an interface that no rule names is not sampled, nor one that a rule takes out', () => {
  assert.deepEqual(ratesOf(link('eth0'), [{ match: 'wg?', rate: 1 }]), [0, 0]);
  assert.deepEqual(ratesOf(link('eth0'), [{ match: 'eth0', sample: false }, { rate: 1 }]), [0, 0]);
});

test('each direction has the first rule that is for it', () => {
  const rules = [
    { directions: ['egress'], rate: 5 },
    { match: 'eth0', rate: 9 },
  ];
  assert.deepEqual(ratesOf(link('eth0'), rules), [9, 5]);
  assert.deepEqual(ratesOf(link('eth1'), rules), [0, 5]);
});

test('kinds are physical for what has no driver kind, loopback, other, or as the kernel says', () => {
  assert.equal(kindOf(link('eth0')), 'physical');
  assert.equal(kindOf(link('lo', { arpType: 772 })), 'loopback');
  assert.equal(kindOf(link('sit0', { arpType: 776 })), 'other');
  assert.equal(kindOf(link('v', { kind: 'veth' })), 'veth');
  assert.deepEqual(ratesOf(link('v', { kind: 'veth' }), [{ kind: ['bridge', 'veth'], rate: 3 }]), [3, 3]);
  assert.deepEqual(ratesOf(link('eth0'), [{ kind: ['bridge', 'veth'], rate: 3 }]), [0, 0]);
});

test('speed classes have both ends in them; an unknown speed is 0', () => {
  const rules = [
    { minSpeedMbps: 10_000, rate: 1 },
    { minSpeedMbps: 1000, maxSpeedMbps: 1000, rate: 2 },
    { maxSpeedMbps: 0, rate: 3 },
  ];
  for (const [speedBps, rate] of [
    [25e9, 1],
    [10e9, 1],
    [2.5e9, 0],
    [1e9, 2],
    [0, 3],
  ] as const)
    assert.deepEqual(ratesOf(link('eth0'), rules, speedBps), [rate, rate], `${speedBps}`);
});

test('the automatic rate is a millionth of the speed, at least 100, and 1000 for an unknown speed', () => {
  assert.deepEqual([100e9, 10e9, 1e9, 100e6, 10e6, 0].map(autoRate), [100_000, 10_000, 1000, 100, 100, 1000]);
});

test('without rules physical ports are sampled at the automatic rate, and nothing else is', () => {
  assert.deepEqual(ratesOf(link('eth0'), [], 10e9), [10_000, 10_000]);
  // A bond's member is physical too.
  assert.deepEqual(ratesOf(link('eth1', { master: 7 }), [], 1e9), [1000, 1000]);
  for (const kind of ['bond', 'bridge', 'veth', 'vlan', 'tun', 'wireguard', 'ifb', 'dummy'])
    assert.deepEqual(ratesOf(link('x', { kind }), []), [0, 0], kind);
  assert.deepEqual(ratesOf(link('lo', { arpType: 772 }), []), [0, 0]);
});

test('a decision says why', () => {
  const why = (given: object[], speedBps = 0) =>
    decide({ link: link('eth0'), speedBps }, numberedRules(captureSection.parse({ interfaces: given }))).ingress.why;
  assert.equal(why([], 1e9), 'the default for physical ports, rate for 1000 Mbit/s');
  assert.equal(why([{ match: 'wg0' }, { match: 'eth0' }]), 'rule 2, rate for an unknown speed');
  assert.equal(why([{ match: 'eth0', rate: 5 }]), 'rule 1');
  assert.equal(why([{ match: 'eth0', sample: false }]), 'rule 1 says not to');
  assert.equal(why([{ match: 'wg0' }]), 'no rule matches (physical)');
});
