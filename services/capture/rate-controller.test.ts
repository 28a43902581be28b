import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateController } from './rate-controller.ts';

const samples = (samplesPerSecond: number) => ({ samplesPerSecond, cpuPercent: 50 });

test('above the ceiling the factor goes up at once, by as many powers of two as bring samples below it', () => {
  const controller = createRateController({ samplesPerSecond: 1000, cpuPercent: 0 });
  assert.equal(controller.update(samples(900)), 1);
  assert.equal(controller.update(samples(1001)), 2);
  assert.equal(controller.update(samples(1000)), 2);
  assert.equal(controller.update(samples(7000)), 16);
});

test('it comes down one power of two after ten calm seconds, and never below what the rules say', () => {
  const controller = createRateController({ samplesPerSecond: 1000, cpuPercent: 0 });
  controller.update(samples(4000));
  const factors = Array.from({ length: 30 }, () => controller.update(samples(100)));
  assert.deepEqual([factors[8], factors[9], factors[18], factors[19], factors[29]], [4, 2, 2, 1, 1]);
});

test('it does not come down when twice as many samples would be near the ceiling, nor in fits of calm', () => {
  const controller = createRateController({ samplesPerSecond: 1000, cpuPercent: 0 });
  controller.update(samples(2000));
  for (let second = 0; second < 60; second++) assert.equal(controller.update(samples(450)), 2);
  for (let second = 0; second < 60; second++) assert.equal(controller.update(samples(second % 9 === 8 ? 450 : 10)), 2);
});

test('steady traffic settles: of any offered rate the samples end below the ceiling, and the factor stays', () => {
  for (const offered of [500, 1500, 33_000, 1e6]) {
    const controller = createRateController({ samplesPerSecond: 1000, cpuPercent: 0 });
    let factor = 1;
    for (let second = 0; second < 100; second++) factor = controller.update(samples(offered / factor));
    const settled = factor;
    assert.ok(offered / settled <= 1000, `${offered}`);
    for (let second = 0; second < 100; second++)
      assert.equal(controller.update(samples(offered / settled)), settled, `${offered}`);
  }
});

test('CPU has a ceiling of its own; where few samples are left, coarser rates would not help and are not tried', () => {
  const controller = createRateController({ samplesPerSecond: 0, cpuPercent: 10 });
  assert.equal(controller.update({ samplesPerSecond: 1e6, cpuPercent: 9 }), 1);
  assert.equal(controller.update({ samplesPerSecond: 1e6, cpuPercent: 35 }), 4);
  assert.equal(controller.update({ samplesPerSecond: 50, cpuPercent: 90 }), 4);
});
