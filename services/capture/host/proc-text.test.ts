import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bounded,
  COUNTER_MAX,
  counter,
  decimal,
  namedCounters,
  readText,
  scaled,
  wholeLines,
  words,
} from './proc-text.ts';

test('a line that does not end is not read: its last number may be half a number', () => {
  assert.deepEqual(wholeLines('a 1\nb 2\nc 3'), ['a 1', 'b 2']);
  assert.deepEqual(wholeLines('a 1\n'), ['a 1']);
  assert.deepEqual(wholeLines('a 1'), []);
  assert.deepEqual(wholeLines(''), []);
});

test('words are what blanks and tabs separate, however many', () => {
  assert.deepEqual(words('  eth0:\t 1  2 '), ['eth0:', '1', '2']);
  assert.deepEqual(words('é\u00a0b c'), ['é\u00a0b', 'c']);
  assert.deepEqual(words(''), []);
});

test('a counter is written in digits; all else is unknown', () => {
  assert.equal(counter('0'), 0);
  assert.equal(counter('007'), 7);
  for (const word of [undefined, '', '-1', '1.5', '1e3', '0x10', '12kB', '١', 'NaN', 'Infinity'])
    assert.equal(counter(word), null, word);
});

test('a counter stops at the largest number that the schema holds', () => {
  assert.equal(COUNTER_MAX, 9_007_199_254_740_990);
  assert.equal(counter('9007199254740989'), 9_007_199_254_740_989);
  assert.equal(counter('18446744073709551615'), COUNTER_MAX);
  assert.equal(counter('9'.repeat(400)), COUNTER_MAX);
  assert.equal(scaled(COUNTER_MAX, 1024), COUNTER_MAX);
  assert.equal(scaled(3, 1024), 3072);
  assert.equal(scaled(null, 1024), null);
  assert.equal(bounded(2 ** 60), COUNTER_MAX);
});

test('a decimal has digits on both sides of its point', () => {
  assert.deepEqual(['0.04', '12', '2596.122'].map(decimal), [0.04, 12, 2596.122]);
  for (const word of [undefined, '', '.5', '5.', '-0.1', '1.2.3', '1,5', 'nan'])
    assert.equal(decimal(word), null, word);
});

test('named counters are found by their whole name, with or without colon and unit', () => {
  const value = namedCounters('Cached:  12 kB\nSwapCached: 3 kB\npgpgin 4\nbroken: x kB\nalone:\n\ncut: 5');
  assert.deepEqual(['Cached', 'SwapCached', 'pgpgin', 'broken', 'alone', 'cut', 'cached', ''].map(value), [
    12,
    3,
    4,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('a file that is missing, a folder, or has no possible name is no text', () => {
  assert.equal(readText('/proc/self/no-such-file'), undefined);
  assert.equal(readText('/proc'), undefined);
  assert.equal(readText('/proc/\u0000'), undefined);
  assert.equal(readText('/proc/self/mem'), undefined);
  assert.match(readText('/proc/uptime') ?? '', /^\d/);
});
