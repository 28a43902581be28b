import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPoolCheck } from './pool-check.ts';

test('packets that the device counted and the pool did not are unseen, from the second reading on', () => {
  const check = createPoolCheck();
  assert.equal(check.unseen('a', { devicePackets: 1_000_000, poolPackets: 0 }), 0);
  assert.equal(check.unseen('a', { devicePackets: 1_010_000, poolPackets: 7000 }), 3000);
  assert.equal(check.unseen('a', { devicePackets: 1_020_000, poolPackets: 17_000 }), 0);
  assert.equal(check.unseen('b', { devicePackets: 9, poolPackets: 0 }), 0, 'each point by itself');
});

test('a little is in the nature of reading two counters one after the other', () => {
  const check = createPoolCheck();
  check.unseen('a', { devicePackets: 0, poolPackets: 0 });
  assert.equal(check.unseen('a', { devicePackets: 10_000, poolPackets: 9400 }), 0);
  assert.equal(check.unseen('a', { devicePackets: 20_000, poolPackets: 18_700 }), 700);
});

test('devices that count buffers, and counters that start anew, are no cause for alarm', () => {
  const check = createPoolCheck();
  check.unseen('a', { devicePackets: 0, poolPackets: 0 });
  assert.equal(check.unseen('a', { devicePackets: 1000, poolPackets: 41_000 }), 0);
  assert.equal(check.unseen('a', { devicePackets: 5, poolPackets: 41_000 }), 0);
});
