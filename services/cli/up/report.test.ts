import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeReport, subtractTotals } from './report.ts';
import { summarize } from './snapshot.ts';
import { margin95 } from './store.ts';

const nothing = summarize([]);
const store = { rows: 650, samples: 11_000, packets: 1_100_000, bytes: 970_000_000, bytesVariance: 1e12 };

test('the balance is what was chosen, less what was lost, less what ClickHouse has', () => {
  const balance = (selected: number, lost: Record<string, number>, samples: number) =>
    makeReport({ ...nothing, selected, lost }, { ...store, samples }, null).ledgerBalance;
  assert.equal(balance(11_000, {}, 11_000), 0);
  assert.equal(balance(12_005, { ring_full: 1000, copy_failed: 5 }, 11_000), 0);
  assert.equal(balance(11_007, {}, 11_000), 7); // not there yet, or lost without a cause
  assert.equal(balance(11_000, {}, 11_003), -3); // counted twice
});

test('the bounds of the bytes are 1.96 standard deviations away, and whole', () => {
  const { clickhouse } = makeReport(nothing, store, null);
  assert.deepEqual([clickhouse.bytesLow, clickhouse.bytesHigh], [968_040_000, 971_960_000]); // 1.96 × 10⁶
  const exact = makeReport(nothing, { ...store, bytesVariance: 0 }, null).clickhouse;
  assert.deepEqual([exact.bytesLow, exact.bytesHigh], [970_000_000, 970_000_000]);
  const uneven = makeReport(nothing, { ...store, bytes: 1000, bytesVariance: 2 }, null).clickhouse;
  assert.deepEqual([uneven.bytesLow, uneven.bytesHigh], [997, 1003]); // 2.77
  const few = makeReport(nothing, { ...store, bytes: 100, bytesVariance: 10_000 }, null).clickhouse;
  assert.deepEqual([few.bytesLow, few.bytesHigh], [0, 296]); // never below nothing
});

test('half of the 95 % interval is 1.96 standard deviations', () => {
  assert.equal(margin95(0), 0);
  assert.equal(margin95(10_000), 196);
});

test('the report hands on the counts of the pipeline and the truth of the lab', () => {
  const lost = { ring_full: 4 };
  const counts = { selected: 10, published: 6, decoded: 6, deadLettered: 1, flows: 3 };
  const seen = { packets: 1000, bytes: 64_000 };
  const sflow = { datagrams: 2, flowSamples: 6, counterSamples: 1 };
  const report = makeReport({ ...nothing, ...counts, lost, seen, sflow }, store, { packets: 999, bytes: 63_000 });
  assert.partialDeepStrictEqual(report, { ...counts, lost, seen, sflow, truth: { packets: 999, bytes: 63_000 } });
  assert.partialDeepStrictEqual(report.clickhouse, { rows: 650, samples: 11_000, packets: 1_100_000 });
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

test('what the store had before the run is taken off', () => {
  const before = { rows: 600, samples: 1000, packets: 100_000, bytes: 70_000_000, bytesVariance: 4e11 };
  assert.deepEqual(subtractTotals(store, before), {
    rows: 50,
    samples: 10_000,
    packets: 1_000_000,
    bytes: 900_000_000,
    bytesVariance: 6e11,
  });
});
