import assert from 'node:assert/strict';
import { test } from 'node:test';
import { throttled } from './logger.ts';

test('one line per interval passes and says how many were held back', () => {
  let now = 0;
  const passed: number[] = [];
  const lines = throttled(5000, () => now);
  const log = (times: number) => {
    for (let time = 0; time < times; time++) lines((skipped) => passed.push(skipped));
  };
  log(1);
  assert.deepEqual(passed, [0]);
  log(3);
  now += 4999;
  log(1);
  assert.deepEqual(passed, [0]);
  now += 1;
  log(3);
  assert.deepEqual(passed, [0, 4]);
  now += 60_000;
  log(1);
  assert.deepEqual(passed, [0, 4, 2]);
  now += 60_000;
  log(1);
  assert.deepEqual(passed, [0, 4, 2, 0]);
});

test('two places throttle apart from each other', () => {
  const passed: string[] = [];
  const [first, second] = [throttled(60_000), throttled(60_000)];
  for (let time = 0; time < 2; time++) {
    first(() => passed.push('first'));
    second(() => passed.push('second'));
  }
  assert.deepEqual(passed, ['first', 'second']);
});
