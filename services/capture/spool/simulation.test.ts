// Random work with the spool, compared after every step with a model that keeps everything in arrays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import { HEADER_BYTES } from './record.ts';
import type { SpoolLoss } from './spool.ts';
import { killSpool, makeFolder, numbersOf, openTestSpool } from './testing.ts';

const SEEDS = 300;
const STEPS = 120;
const MAX_BYTES = 8000;
const SEGMENT_BYTES = 1000;
const MAX_AGE_MS = 500;

interface Item {
  number: number;
  bytes: number;
  samples: number;
  storedAtMs: number;
}

class Model {
  /** `bytes` includes items that are gone: a file has no hole at its start. */
  segments: { items: Item[]; bytes: number; open: boolean }[] = [];
  inFlight: { item: Item; cause?: SpoolLoss }[] = [];
  lost = { spool_full: 0, spool_expired: 0 };
  delivered = 0;
  /** Given up while in flight, and then the process was killed: nobody was left to count them. */
  uncounted = 0;

  get items(): Item[] {
    return this.segments.flatMap(({ items }) => items);
  }
  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  giveUp(cause: 'spool_full' | 'spool_expired', items: Item[]): void {
    for (const item of items) {
      const flying = this.inFlight.find((one) => one.item === item);
      if (flying) flying.cause = cause;
      else this.lost[cause] += item.samples;
    }
    this.forget(items);
  }
  forget(gone: Item[]): void {
    for (const segment of this.segments) segment.items = segment.items.filter((item) => !gone.includes(item));
    this.segments = this.segments.filter(({ items }) => items.length > 0);
  }
  settle(): void {
    for (const { item, cause } of this.inFlight)
      if (cause === 'spool_full' || cause === 'spool_expired') this.lost[cause] += item.samples;
    this.inFlight = [];
  }
  expire(now: number): void {
    const fresh = this.items.findIndex(({ storedAtMs }) => now - storedAtMs <= MAX_AGE_MS);
    this.giveUp('spool_expired', fresh < 0 ? this.items : this.items.slice(0, fresh));
  }

  append(item: Item): void {
    this.expire(item.storedAtMs);
    if (item.bytes > SEGMENT_BYTES) {
      this.lost.spool_full += item.samples;
      return;
    }
    for (let first = this.segments[0]; first && this.bytes + item.bytes > MAX_BYTES; first = this.segments[0])
      this.giveUp('spool_full', first.items);
    let last = this.segments.at(-1);
    if (!last?.open || last.bytes + item.bytes > SEGMENT_BYTES) {
      if (last) last.open = false;
      last = { items: [], bytes: 0, open: true };
      this.segments.push(last);
    }
    last.items.push(item);
    last.bytes += item.bytes;
  }
  peek(maxBytes: number, now: number): number[] {
    this.settle();
    this.expire(now);
    let bytes = 0;
    for (const item of this.items) {
      bytes += item.bytes;
      if (bytes > maxBytes && this.inFlight.length > 0) break;
      this.inFlight.push({ item });
    }
    return this.inFlight.map(({ item }) => item.number);
  }
  acknowledge(count: number): void {
    const taken = this.inFlight.splice(0, count).map(({ item }) => item);
    this.delivered += taken.reduce((sum, { samples }) => sum + samples, 0);
    this.forget(taken);
  }
  end(killed: boolean): void {
    if (!killed) this.settle();
    this.uncounted += this.inFlight.reduce((sum, { item, cause }) => sum + (cause ? item.samples : 0), 0);
    this.inFlight = [];
    for (const segment of this.segments) segment.open = false;
  }
}

function simulate(random: Random, folder: string): void {
  const model = new Model();
  let now = 1_000_000;
  let appended = 0;
  const lost: Record<string, number> = { spool_full: 0, spool_expired: 0 };
  const open = () => {
    const spool = openTestSpool(folder, {
      maxBytes: MAX_BYTES,
      segmentBytes: SEGMENT_BYTES,
      maxAgeMs: MAX_AGE_MS,
      now: () => now,
    });
    return spool;
  };
  let spool = open();
  // Each seed has its own mixture: some never acknowledge, some restart all the time.
  const weights = {
    append: 10 + random.below(60),
    peek: random.below(30),
    acknowledge: random.below(30),
    restart: random.below(10),
  };
  const steps = Object.entries(weights).flatMap(([step, weight]) => Array.from({ length: weight }, () => step));
  const slowness = random.pick([1, 10, 60]);

  for (let step = 1; step <= STEPS; step++) {
    now += random.chance(3) ? -random.below(300) : random.below(slowness);
    switch (random.pick(steps)) {
      case 'append': {
        const value = Buffer.from(
          String(step).padEnd(random.chance(2) ? 1200 : 5 + random.below(random.pick([20, 400])), '.'),
        );
        const record = { topic: random.pick(['a', 'topic']), key: 'k', value, samples: random.below(1000) };
        const bytes = HEADER_BYTES + record.topic.length + 1 + value.length;
        model.append({ number: step, bytes, samples: record.samples, storedAtMs: now });
        spool.append(record);
        appended += record.samples;
        break;
      }
      case 'peek': {
        const maxBytes = random.pick([1, 300, 2000, 100_000]);
        const expected = model.peek(maxBytes, now);
        assert.deepEqual(numbersOf(spool.peek(maxBytes)), expected);
        break;
      }
      case 'acknowledge': {
        const count = random.chance(60) ? model.inFlight.length : random.below(model.inFlight.length + 1);
        model.acknowledge(count);
        spool.acknowledge(count);
        break;
      }
      default: {
        const killed = random.chance(50);
        model.end(killed);
        if (killed) killSpool(folder);
        else spool.close();
        for (const [cause, { samples }] of Object.entries(spool.lost())) lost[cause] = (lost[cause] ?? 0) + samples;
        spool = open();
      }
    }
    const items = model.items;
    const samples = items.reduce((sum, item) => sum + item.samples, 0);
    const flying = model.inFlight.reduce((sum, { item, cause }) => sum + (cause ? item.samples : 0), 0);
    const lostNow = { ...lost };
    for (const [cause, count] of Object.entries(spool.lost())) lostNow[cause] = (lostNow[cause] ?? 0) + count.samples;
    assert.deepEqual(lostNow, model.lost, `step ${step}`);
    assert.deepEqual(
      [spool.records, spool.samples, spool.bytes, spool.oldestMs()],
      [items.length, samples, model.bytes, items[0]?.storedAtMs],
      `step ${step}`,
    );
    const accounted = model.delivered + model.lost.spool_full + model.lost.spool_expired + model.uncounted + samples;
    assert.equal(accounted + flying, appended, `step ${step}`);
    assert.ok(spool.bytes <= MAX_BYTES);
  }
  spool.close();
}

test('whatever is appended, peeked, acknowledged, restarted and killed, order and accounts are those of a model', (t) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const folder = makeFolder(t);
    try {
      simulate(seededRandom(seed), folder);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    } finally {
      killSpool(folder);
    }
  }
});
