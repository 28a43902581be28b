import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodedBatch, DecodedSample, Flow } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, flowCodec } from '@tcxflow/schemas/topics.ts';
import { dueWindows } from './due-windows.ts';
import { batch, sample } from './testing/batches.ts';
import { flowsIn } from './testing/flows.ts';
import { addBatch, createWindowSet, type WindowSet } from './windows.ts';

const MINUTE = 60_000;
/** 2026-01-01T00:00:00Z, the start of a minute. */
const T0_MS = 1_767_225_600_000;
const T0_NS = 1_767_225_600_000_000_000n;

function add(set: WindowSet, samples: DecodedSample[], fields: Partial<DecodedBatch> = {}, offset = 0) {
  const message = decodedBatchCodec.encode(batch(samples, { baseTimeNs: T0_NS, ...fields }));
  return addBatch(set, message, offset, MINUTE, () => true);
}

function flowsOf(set: WindowSet): Flow[] {
  return flowsIn(dueWindows(set, Infinity));
}

/** The only flow that these samples make. */
function flowOf(...samples: DecodedSample[]): Flow {
  const set = createWindowSet();
  add(set, samples);
  const flows = flowsOf(set);
  assert.equal(flows.length, 1);
  return flows[0] as Flow;
}

test('a flow has the identity of its samples and fits its schema', () => {
  const set = createWindowSet();
  add(set, [sample({ source: 1, inputIfIndex: 7, outputIfIndex: 8, vlanId: 100, innerVlanId: 20, dscp: 46, stop: 1 })]);
  const [flow] = flowsOf(set);
  assert.partialDeepStrictEqual(flow, { windowStart: T0_MS, windowMs: MINUTE, late: false, agent: 'host-1' });
  assert.partialDeepStrictEqual(flow, { ifIndex: 2, ifName: 'eth0', direction: 'egress' });
  assert.partialDeepStrictEqual(flow, { inputIfIndex: 7, outputIfIndex: 8, vlanId: 100, innerVlanId: 20 });
  assert.partialDeepStrictEqual(flow, {
    etherType: 0x0800,
    protocol: 6,
    srcPort: 40_000,
    dstPort: 443,
    dscp: 46,
    stop: 1,
  });
  assert.equal(flow?.srcAddress.toString('hex'), '00000000000000000000ffffc0000201');
  assert.ok(flowCodec.type.isValid(flow));
});

test('packets and bytes are estimates: each sample stands for as many packets as its rate says', () => {
  const flow = flowOf(
    sample({ samplingRate: 1000, wireBytes: 60, ipBytes: 46 }),
    sample({ samplingRate: 1000, wireBytes: 1514, ipBytes: 1500 }),
    sample({ samplingRate: 10, wireBytes: 100, ipBytes: 86 }), // the rate was changed in between
  );
  assert.deepEqual([flow.samples, flow.packets], [3, 2010]);
  assert.equal(flow.bytes, 60_000 + 1_514_000 + 1000);
  assert.equal(flow.ipBytes, 46_000 + 1_500_000 + 860);
});

test('variances are the sums of w(w-1) and w(w-1)b²', () => {
  const flow = flowOf(
    sample({ samplingRate: 10, wireBytes: 100 }), // 90, 90 × 10 000
    sample({ samplingRate: 4, wireBytes: 50 }), // 12, 12 × 2500
    sample({ samplingRate: 1, wireBytes: 1514 }), // certain: 0
    sample({ samplingRate: 3, wireBytes: 600, segments: 3, sampleCount: 2 }), // twice 6, 6 × 200²
  );
  assert.equal(flow.packetsVariance, 90 + 12 + 0 + 12);
  assert.equal(flow.bytesVariance, 900_000 + 30_000 + 0 + 480_000);
});

test('at rate 1 the sums of GSO buffers are exact, also when the segments are not equal', () => {
  const flow = flowOf(
    sample({ segments: 3, sampleCount: 3, wireBytes: 3382, ipBytes: 3340 }), // 1514, 1514, 354
    sample({ segments: 7, sampleCount: 7, wireBytes: 10_001, ipBytes: 9903 }),
  );
  assert.deepEqual([flow.samples, flow.packets, flow.bytes, flow.ipBytes], [10, 10, 13_383, 13_243]);
  assert.deepEqual([flow.packetsVariance, flow.bytesVariance], [0, 0]);
  assert.deepEqual([flow.minLength, flow.maxLength], [1127, 1429]); // 3382 / 3, 10 001 / 7: the mean frames
});

test('one packet chosen of a GSO buffer stands for the mean of its frames', () => {
  const flow = flowOf(sample({ samplingRate: 100, segments: 3, sampleCount: 1, wireBytes: 3382, ipBytes: 3340 }));
  assert.deepEqual([flow.samples, flow.packets], [1, 100]);
  assert.deepEqual([flow.bytes, flow.ipBytes], [112_733, 111_333]); // 100 × 1127⅓, 100 × 1113⅓
});

test('TTL and frame length have their smallest and largest, TCP flags are joined', () => {
  const flow = flowOf(
    sample({ ttl: 64, wireBytes: 100, tcpFlags: 0x02 }),
    sample({ ttl: 57, wireBytes: 1514, tcpFlags: 0x10 }),
    sample({ ttl: 63, wireBytes: 60, tcpFlags: 0x101 }),
  );
  assert.deepEqual([flow.minTtl, flow.maxTtl, flow.minLength, flow.maxLength], [57, 64, 60, 1514]);
  assert.equal(flow.tcpFlags, 0x113);
});

test('first and last times are exact to the nanosecond, in whatever order samples come', () => {
  const set = createWindowSet();
  const baseTimeNs = T0_NS + 1_000_000_007n;
  add(
    set,
    [sample({ timeOffsetNs: 5 }), sample({ timeOffsetNs: 58_999_999_992 }), sample({ timeOffsetNs: -1_000_000_007 })],
    { baseTimeNs },
  );
  const [flow, ...rest] = flowsOf(set);
  assert.equal(rest.length, 0);
  assert.deepEqual([flow?.firstNs, flow?.lastNs], [T0_NS, T0_NS + 59_999_999_999n]);
});

test('a window begins with its first nanosecond and ends before that of the next', () => {
  for (const [offsetNs, startMs] of [
    [0, T0_MS],
    [59_999_999_999, T0_MS],
    [60_000_000_000, T0_MS + MINUTE],
    [-1, T0_MS - MINUTE],
    [-60_000_000_000, T0_MS - MINUTE],
    [-60_000_000_001, T0_MS - 2 * MINUTE],
  ] as const) {
    const set = createWindowSet();
    add(set, [sample({ timeOffsetNs: offsetNs })]);
    const [flow] = flowsOf(set);
    assert.deepEqual([flow?.windowStart, flow?.firstNs], [startMs, T0_NS + BigInt(offsetNs)]);
  }
});

test('times around and before 1970, of agents whose clock is not set, fall into windows like all others', () => {
  for (const [baseTimeNs, timeOffsetNs, startMs] of [
    [0n, 0, 0],
    [5n, -6, -MINUTE],
    [-1n, 0, -MINUTE],
    [-1n, 1, 0],
    [-60_000_000_000n, 0, -MINUTE],
    [-60_000_000_001n, 0, -2 * MINUTE],
    [-90_000_000_123n, 30_000_000_122, -2 * MINUTE],
    [-90_000_000_123n, 30_000_000_123, -MINUTE],
  ] as const) {
    const set = createWindowSet();
    add(set, [sample({ timeOffsetNs })], { baseTimeNs });
    const [flow] = flowsOf(set);
    const timeNs = baseTimeNs + BigInt(timeOffsetNs);
    assert.deepEqual([flow?.windowStart, flow?.firstNs, flow?.lastNs], [startMs, timeNs, timeNs], `${timeNs} ns`);
  }
});

test('a batch is split over the windows of its samples, and a flow over the keys', () => {
  const set = createWindowSet();
  add(set, [sample(), sample({ timeOffsetNs: 60e9 }), sample({ srcPort: 5 }), sample({ source: 2 }), sample()]);
  assert.deepEqual(
    flowsOf(set).map((flow) => [flow.windowStart - T0_MS, flow.srcPort, flow.ifName, flow.samples]),
    [
      [0, 40_000, 'eth0', 2],
      [0, 5, 'eth0', 1],
      [0, 40_000, 'eth1', 1],
      [MINUTE, 40_000, 'eth0', 1],
    ],
  );
});

test('windows are due when the watermark has reached their end, oldest first', () => {
  const set = createWindowSet();
  for (const [index, minute] of [2, 0, 1].entries())
    add(set, [sample({ timeOffsetNs: minute * 60e9 })], { sourceOffset: index }, index);
  const due = (watermark: number) => dueWindows(set, watermark).map(({ startMs }) => (startMs - T0_MS) / MINUTE);
  assert.deepEqual(due(T0_MS + MINUTE - 1), []);
  assert.deepEqual(due(T0_MS + MINUTE), [0]);
  assert.deepEqual(due(T0_MS + 3 * MINUTE - 1), [0, 1]);
  assert.deepEqual(due(Infinity), [0, 1, 2]);
  assert.equal(set.newestMs, T0_MS + 2 * MINUTE);
});

test('the oldest open windows are due before their time when there are too many, or too many flows in them', () => {
  const set = createWindowSet();
  for (const minute of [0, 1, 2]) add(set, [sample({ timeOffsetNs: minute * 60e9 })], { sourceOffset: minute }, minute);
  add(set, [sample({ timeOffsetNs: 120e9, srcPort: 1 })], { sourceOffset: 3 }, 3);
  const due = (windows: number, flows: number) =>
    dueWindows(set, -Infinity, { windows, flows }).map(({ startMs }) => (startMs - T0_MS) / MINUTE);
  assert.deepEqual(due(3, 4), []);
  assert.deepEqual(due(2, 4), [0]);
  assert.deepEqual(due(3, 3), [0]);
  assert.deepEqual(due(3, 2), [0, 1]);
  assert.deepEqual(due(3, 1), [0, 1], 'the newest goes out in part, or later');
  assert.deepEqual(due(0, 1), [0, 1, 2]);
});

test('a sample that comes after its window was emitted makes a further record, marked late and counted', () => {
  const set = createWindowSet();
  add(set, [sample()]);
  set.windows.clear(); // emitted
  set.closedUpToMs = T0_MS + MINUTE;
  const result = add(set, [sample({ sampleCount: 2, segments: 2 }), sample({ timeOffsetNs: 60e9 })], {
    sourceOffset: 1,
  });
  assert.deepEqual(result, { duplicate: false, samples: 3, lateSamples: 2 });
  assert.deepEqual(
    flowsOf(set).map((flow) => [flow.windowStart - T0_MS, flow.late, flow.samples]),
    [
      [0, true, 2],
      [MINUTE, false, 1],
    ],
  );
});

test('a batch whose source offset was seen is dropped as a whole; each source partition has its own', () => {
  const set = createWindowSet();
  const adds = [
    [0, 10],
    [0, 10], // again
    [1, 10], // another partition
    [0, 9], // older
    [0, 12], // with a gap: raw batches without samples for this partition
    [1, 10],
  ].map(([sourcePartition, sourceOffset], offset) =>
    add(set, [sample(), sample()], { sourcePartition, sourceOffset } as object, offset),
  );
  assert.deepEqual(
    adds.map(({ duplicate, samples }) => [duplicate, samples]),
    [
      [false, 2],
      [true, 0],
      [false, 2],
      [true, 0],
      [false, 2],
      [true, 0],
    ],
  );
  assert.deepEqual(
    [...set.highWater],
    [
      [0, 12],
      [1, 10],
    ],
  );
  assert.equal(flowsOf(set)[0]?.samples, 6);
});

test('a window remembers where reading must start for it: its first offset, and what had been seen before', () => {
  const set = createWindowSet(new Map([[3, 7]]));
  add(set, [sample()], { sourceOffset: 4 }, 50);
  add(set, [sample(), sample({ timeOffsetNs: 60e9 })], { sourceOffset: 5 }, 51);
  const [first, second] = dueWindows(set, Infinity);
  assert.deepEqual([first?.firstOffset, first?.highWater], [50, new Map([[3, 7]])]);
  assert.deepEqual(
    [second?.firstOffset, second?.highWater],
    [
      51,
      new Map([
        [3, 7],
        [0, 4],
      ]),
    ],
  );
});

test('samples of windows that are not wanted are passed over, but time and high water go on', () => {
  const set = createWindowSet();
  const samples = [sample(), sample({ timeOffsetNs: 60e9 }), sample({ timeOffsetNs: 120e9 })];
  const wanted = (startMs: number) => startMs === T0_MS + MINUTE;
  const result = addBatch(
    set,
    decodedBatchCodec.encode(batch(samples, { baseTimeNs: T0_NS, sourceOffset: 8 })),
    0,
    MINUTE,
    wanted,
  );
  assert.deepEqual([result.samples, [...set.windows.keys()]], [1, [T0_MS + MINUTE]]);
  assert.deepEqual([set.newestMs, set.highWater.get(0)], [T0_MS + 2 * MINUTE, 8]);
});
