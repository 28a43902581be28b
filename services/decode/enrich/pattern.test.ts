import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { compilePattern, patternProblem } from './pattern.ts';

test('* stands for any text, ? for one character, and everything else for itself', () => {
  for (const [pattern, matching, other] of [
    ['eth0', ['eth0'], ['eth01', 'xeth0', '']],
    ['eth*', ['eth', 'eth0', 'eth0.100'], ['veth0']],
    ['*.example', ['a.example', '.example'], ['a.example.org', 'aXexample']],
    ['swp?', ['swp1'], ['swp', 'swp10']],
    ['*a*b*', ['ab', 'xaxbx', 'aab'], ['ba']],
    ['**', ['', 'x'], []],
    ['[a-z]+', ['[a-z]+'], ['abc']],
  ] as const) {
    const matches = compilePattern(pattern);
    for (const text of matching) assert.equal(matches(text), true, `${pattern} ${text}`);
    for (const text of other) assert.equal(matches(text), false, `${pattern} ${text}`);
  }
});

test('a pattern matches what the same pattern as a regular expression does', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = seededRandom(seed);
    const text = (letters: string, length: number) =>
      Array.from({ length: random.below(length) }, () => random.pick([...letters])).join('');
    const pattern = `a${text('ab*?', 8)}`;
    const subject = `a${text('ab', 10)}`;
    const expected = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(subject);
    assert.equal(compilePattern(pattern)(subject), expected, `${pattern} on ${subject}, seed ${seed}`);
  }
});

test('between slashes it is a regular expression, found anywhere unless it is anchored', () => {
  assert.equal(compilePattern('/^(transit|peer)-/')('peer-1'), true);
  assert.equal(compilePattern('/core/')('the core link'), true);
  assert.equal(compilePattern('/^core$/')('the core link'), false);
  // Too short to hold one.
  assert.equal(compilePattern('//')('//'), true);
});

test('an expression that could take long, or is none, is refused', () => {
  for (const [pattern, problem] of [
    ['/(a+)+$/', /repeated groups/],
    ['/(a|b){3,}/', /repeated groups/],
    ['/a*b*c*/', /at most 2/],
    ['/(a)\\1/', /references/],
    ['/(?<x>a)\\k<x>/', /references/],
    ['/(/', /Unterminated group|Invalid/],
    ['/[/', /Unterminated|Invalid/],
    [`/${'a'.repeat(300)}/`, /200 characters/],
    ['a'.repeat(300), /200 characters/],
  ] as const)
    assert.match(patternProblem(pattern) ?? '', problem, pattern);
  for (const pattern of ['/^(a|b)?c+$/', '/[+*]{2}\\*\\+x/', 'a*b*c*d*', '/^et-[0-9]+/'])
    assert.equal(patternProblem(pattern), undefined, pattern);
});

test('the worst pattern that is allowed and the longest name take a moment at most', () => {
  const begun = performance.now();
  for (const pattern of ['/a*a*b/', '/a{1,200}a{1,200}b/', `${'a*'.repeat(100)}b`])
    assert.equal(compilePattern(pattern)('a'.repeat(10_000)), false);
  assert.ok(performance.now() - begun < 500, `${performance.now() - begun} ms`);
});
