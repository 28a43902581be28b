import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { createErrorController, LOOK_SECONDS, samplesNeeded } from './error-controller.ts';

const options = { wantedErrorPercent: 5, minBitsPerSecond: 100e6 };

/** Steady traffic, looked at for some minutes. @returns the factor at the end, and how often it changed */
function settle(packetsPerSecond: number, bytes: number, rate: number, minutes = 5) {
  const controller = createErrorController(options);
  let changes = 0;
  let factor = 1;
  for (let second = 0; second <= minutes * 60; second += LOOK_SECONDS) {
    const packets = packetsPerSecond * second;
    const next = controller.update(new Map([['p', { packets, bytes: packets * bytes, rate }]])).get('p') ?? 1;
    if (next !== factor) changes++;
    factor = next;
  }
  return { factor, changes };
}

test('5 % takes some three thousand samples a minute', () => {
  assert.equal(Math.round(samplesNeeded(5)), 3073);
});

test('the rate is the coarsest power of two that gives enough samples, whatever the rule says', () => {
  for (const packetsPerSecond of [20_000, 150_000, 3e6])
    for (const rate of [1, 100, 1000, 65_536]) {
      const { factor, changes } = settle(packetsPerSecond, 1000, rate);
      const samples = (packetsPerSecond * 60) / (rate * factor);
      assert.ok(samples >= 3073 || rate * factor < 2, `${packetsPerSecond}/s at ${rate}: ${samples}`);
      assert.ok(samples < 3073 * 2 * 1.25 || rate * factor < 2, `${packetsPerSecond}/s at ${rate}: ${samples}`);
      assert.ok(changes <= 1, 'it stays where it is');
    }
});

test('a point below the wanted traffic keeps the rate of its rule', () => {
  assert.equal(settle(10_000, 1000, 1000).factor, 1);
});

test('a point that starts anew has no past', () => {
  const controller = createErrorController(options);
  for (let look = 0; look < 5; look++)
    controller.update(new Map([['p', { packets: look * 1e7, bytes: look * 1e10, rate: 100 }]]));
  assert.equal(controller.update(new Map([['p', { packets: 5, bytes: 500, rate: 100 }]])).get('p'), undefined);
});

test('the interval of what is sampled so holds: 5 % is missed in at most 5 % of minutes, for packets and for bytes', () => {
  const random = seededRandom(11);
  const perMinute = 6e6;
  const rate = 1000 * settle(perMinute / 60, 900, 1000).factor;
  let missed = 0;
  for (let minute = 0; minute < 300; minute++) {
    // Chosen packets of a minute: Poisson by its normal approximation, then their sizes.
    const normal = Array.from({ length: 12 }, () => random.below(1e6) / 1e6).reduce((sum, value) => sum + value, -6);
    const mean = perMinute / rate;
    const chosen = Math.round(mean + normal * Math.sqrt(mean));
    let bytes = 0;
    for (let sample = 0; sample < chosen; sample++) bytes += random.chance(40) ? 64 : 1500;
    const truth = perMinute * (0.4 * 64 + 0.6 * 1500);
    if (Math.abs((bytes * rate) / truth - 1) > 0.05) missed++;
  }
  assert.ok(missed <= 15, `${missed} of 300 minutes`);
});
