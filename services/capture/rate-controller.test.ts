import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateController } from './rate-controller.ts';

test('above the ceiling the factor goes up at once, by as many powers of two as bring samples below it', () => {
  const controller = createRateController(1000);
  assert.equal(controller.update(900), 1);
  assert.equal(controller.update(1001), 2);
  assert.equal(controller.update(1000), 2);
  assert.equal(controller.update(7000), 16);
});

test('it comes down one power of two after ten calm seconds, and never below what the rules say', () => {
  const controller = createRateController(1000);
  controller.update(4000);
  const factors = Array.from({ length: 30 }, () => controller.update(100));
  assert.deepEqual([factors[8], factors[9], factors[18], factors[19], factors[29]], [4, 2, 2, 1, 1]);
});

test('it does not come down when twice as many samples would be near the ceiling, nor in fits of calm', () => {
  const controller = createRateController(1000);
  controller.update(2000);
  for (let second = 0; second < 60; second++) assert.equal(controller.update(450), 2);
  for (let second = 0; second < 60; second++) assert.equal(controller.update(second % 9 === 8 ? 450 : 10), 2);
});

test('steady traffic settles: of any offered rate the samples end below the ceiling, and the factor stays', () => {
  for (const offered of [500, 1500, 33_000, 1e6]) {
    const controller = createRateController(1000);
    let factor = 1;
    for (let second = 0; second < 100; second++) factor = controller.update(offered / factor);
    const settled = factor;
    assert.ok(offered / settled <= 1000, `${offered}`);
    for (let second = 0; second < 100; second++)
      assert.equal(controller.update(offered / settled), settled, `${offered}`);
  }
});
