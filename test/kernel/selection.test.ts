// Which packets are chosen, by running the program itself a great many times (BPF_PROG_TEST_RUN).

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openCapture } from 'libbpf-ts/capture.ts';
import { forEachRecord, Record } from 'libbpf-ts/record.ts';
import { plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const LOOPBACK = 1;
/** Standard deviations that a right sampler exceeds once in 100,000 tests. */
const RARE = 4.4;

const frame = plainFrame(400);

/** Choices of each buffer that had any. */
function openLoopback(t: TestContext, rate: number) {
  const choices: number[] = [];
  const capture = openCapture({
    ringBytes: 64 << 20,
    onBatch: (batch) => forEachRecord(batch, (at) => choices.push(batch.readUInt32LE(at + Record.SAMPLE_COUNT))),
  });
  t.after(() => capture.close());
  const attachment = capture.attach(LOOPBACK, { rate, headerBytes: 64, directions: ['ingress'] });
  return { capture, attachment, choices };
}

for (const rate of [2, 3, 7, 10, 100, 1000, 4096, 100_000])
  test(`of three million packets 1 in ${rate} is chosen`, { skip }, (t) => {
    const { capture, attachment } = openLoopback(t, rate);
    const packets = 3_000_000;
    const before = attachment.counters('ingress');
    capture.testRun('ingress', { frame, ifIndex: LOOPBACK }, packets);
    const counters = attachment.counters('ingress');
    // The loopback may carry somebody's packets meanwhile.
    const seen = counters.packets - before.packets;
    assert.ok(seen >= packets && seen < packets * 1.01, `${seen} packets`);
    const expected = seen / rate;
    const deviation = Math.sqrt(expected * (1 - 1 / rate));
    assert.ok(
      Math.abs(counters.selected - expected) <= RARE * deviation,
      `${counters.selected}, expected ${expected} ± ${deviation}`,
    );
  });

for (const [rate, segments] of [
  [10, 45],
  [2, 45],
  [3, 360],
  [1000, 45],
] as const)
  test(`segments of a buffer of ${segments} are chosen 1 in ${rate} and independently: mean and variance are binomial`, {
    skip,
  }, async (t) => {
    const { capture, attachment, choices } = openLoopback(t, rate);
    const buffers = 200_000;
    capture.testRun('ingress', { frame, ifIndex: LOOPBACK, gsoSize: 8, gsoSegments: segments }, buffers);
    await capture.flush();
    const counters = attachment.counters('ingress');
    assert.equal(counters.ringFull, 0);
    assert.ok(counters.packets >= buffers * segments);
    const p = 1 / rate;
    const mean = counters.selected / counters.buffers;
    const variance = choices.reduce((sum, count) => sum + count * count, 0) / counters.buffers - mean * mean;
    const expected = segments * p * (1 - p);
    assert.ok(
      Math.abs(mean - segments * p) <= RARE * Math.sqrt(expected / buffers),
      `mean ${mean}, expected ${segments * p}`,
    );
    // Of a binomial's sample variance itself, the deviation is about sqrt((2 + 1 / variance) / n) of it.
    const tolerance = RARE * Math.sqrt((2 + 1 / expected) / buffers);
    assert.ok(Math.abs(variance / expected - 1) <= tolerance, `variance ${variance}, expected ${expected}`);
  });

test('gaps between chosen packets are geometric: no rhythm that traffic could fall into step with', {
  skip,
}, async (t) => {
  const rate = 8;
  const { capture, attachment } = openLoopback(t, rate);
  // One packet a run: the counter after each says whether it was chosen.
  const gaps = new Map<number, number>();
  const packets = 40_000;
  let gap = 0;
  let chosen = 0;
  for (let packet = 0; packet < packets; packet++) {
    capture.testRun('ingress', { frame, ifIndex: LOOPBACK }, 1);
    gap++;
    const now = attachment.counters('ingress').selected;
    if (now === chosen) continue;
    chosen = now;
    gaps.set(gap, (gaps.get(gap) ?? 0) + 1);
    gap = 0;
  }
  for (let length = 1; length <= 20; length++) {
    const expected = chosen * (1 / rate) * (1 - 1 / rate) ** (length - 1);
    const found = gaps.get(length) ?? 0;
    assert.ok(
      Math.abs(found - expected) <= RARE * Math.sqrt(expected) + 1,
      `${found} gaps of ${length}, expected ${expected}`,
    );
  }
});

/** @returns in how many of a hundred runs the 95 % interval covers the truth */
function coverage(t: TestContext): number {
  const rate = 100;
  let covered = 0;
  for (let run = 0; run < 100; run++) {
    const { capture, attachment } = openLoopback(t, rate);
    capture.testRun('ingress', { frame, ifIndex: LOOPBACK }, 50_000);
    const { packets, selected } = attachment.counters('ingress');
    const margin = 1.96 * Math.sqrt(selected * rate * (rate - 1));
    if (Math.abs(selected * rate - packets) <= margin) covered++;
    capture.close();
  }
  t.diagnostic(`${covered} of 100`);
  return covered;
}

test('of a hundred runs at 1:100 the 95 % interval covers the truth in 90 to 99', { skip }, (t) => {
  const isRight = (covered: number) => covered >= 90 && covered <= 99;
  // Right intervals are outside of that in one of 55 tries; wrong ones are again.
  assert.ok(isRight(coverage(t)) || isRight(coverage(t)));
});

test('while the rate moves under the traffic, sums stay unbiased', { skip }, async (t) => {
  const sum = { packets: 0, variance: 0 };
  const capture = openCapture({
    ringBytes: 64 << 20,
    onBatch: (batch) =>
      forEachRecord(batch, (at) => {
        const rate = batch.readUInt32LE(at + Record.RATE);
        const count = batch.readUInt32LE(at + Record.SAMPLE_COUNT);
        sum.packets += rate * count;
        sum.variance += rate * (rate - 1) * count;
      }),
  });
  t.after(() => capture.close());
  const sampling = { headerBytes: 64, directions: ['ingress'] as const };
  const attachment = capture.attach(LOOPBACK, { ...sampling, rate: 100 });
  // Bursts of very unequal length, each at another power of two: a distance drawn at one rate must not count at the next.
  for (let step = 0; step < 2000; step++) {
    attachment.configure({ ...sampling, rate: 100 * 2 ** (step % 5) });
    capture.testRun('ingress', { frame, ifIndex: LOOPBACK }, 1 + ((step * 7919) % 3000));
  }
  await capture.flush();
  const { packets, ringFull } = attachment.counters('ingress');
  assert.equal(ringFull, 0);
  const deviations = (sum.packets - packets) / Math.sqrt(sum.variance);
  assert.ok(Math.abs(deviations) <= RARE, `${sum.packets} of ${packets}: ${deviations} deviations`);
});
