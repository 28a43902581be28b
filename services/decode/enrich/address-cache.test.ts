import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { createAddressCache } from './address-cache.ts';

const addressOf = (number: number) => {
  const address = Buffer.from('00000000000000000000ffff00000000', 'hex');
  address.writeUInt32BE(number, 12);
  return address;
};

test('an address is new once, and has the same entry from then on', () => {
  const cache = createAddressCache(64, 1);
  const entry = cache.find(addressOf(7), 0);
  assert.ok(entry < 0 && entry >= -64);
  assert.equal(cache.find(Buffer.concat([Buffer.alloc(5), addressOf(7)]), 5), -entry);
  assert.deepEqual([cache.lookups, cache.misses], [2, 1]);
});

test('all zeros are no address', () => {
  const cache = createAddressCache(64, 1);
  assert.equal(cache.find(Buffer.alloc(16), 0), 0);
  assert.equal(cache.lookups, 0);
});

test('what an entry is said to be it is, whatever came before: as a plain map has it', () => {
  const cache = createAddressCache(64, 99);
  const random = seededRandom(1);
  const held = new Map<number, string>();
  for (let count = 0; count < 50_000; count++) {
    if (random.below(5000) === 0) {
      cache.clear();
      held.clear();
    }
    const address = random.chance(50) ? addressOf(random.below(100)) : random.bytes(16);
    const entry = cache.find(address, 0);
    assert.ok(Math.abs(entry) >= 1 && Math.abs(entry) <= 64);
    if (entry > 0) assert.equal(held.get(entry), address.toString('hex'));
    else held.set(-entry, address.toString('hex'));
  }
  assert.ok(cache.misses < cache.lookups);
});

test('addresses that are asked for often stay while many others pass through', () => {
  const cache = createAddressCache(4096, 5);
  let missed = 0;
  let asked = 0;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 500; i++) {
      asked++;
      if (cache.find(addressOf(i), 0) < 0) missed++;
    }
    for (let i = 0; i < 500; i++) cache.find(addressOf(1_000_000 + round * 500 + i), 0);
  }
  assert.ok(missed / asked < 0.02, `${missed} of ${asked}`);
});

test('after clearing, however often, nothing is known', () => {
  const cache = createAddressCache(64, 1);
  for (let i = 0; i < 1000; i++) {
    assert.ok(cache.find(addressOf(1), 0) < 0);
    cache.clear();
  }
});
