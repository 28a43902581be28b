// The views of the ledger against a plain count of numbers, for logs in which anything is lost, comes twice or in another order.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import type { LedgerEntry } from '@tcxflow/schemas/generated.ts';
import { flowCodec, ledgerEntryCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { blockFormatsOf } from '@tcxflow/writer/block-formats.ts';
import { insertBlock } from '@tcxflow/writer/insert.ts';
import { sampleRows } from '@tcxflow/writer/rows/samples.ts';
import { batchOf, ledgerEntryOf } from '@tcxflow/writer/testing/messages.ts';
import { makeFlows } from '../support/flows.ts';
import { kafkaMessages, openStore, type Store } from '../support/store.ts';

const MINUTE_MS = 60_000;
const MS_NS = 1_000_000;
const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
const text = (ms: number) => new Date(ms).toISOString().slice(0, 19);

interface Told {
  captured: number;
  missing: number;
}

interface Log {
  messages: Buffer[];
  /** Minute → what a plain count of the numbers that arrived says. */
  expected: Map<string, Told>;
  /** By the kernel, as the last batch that arrived has it. */
  ringFull: number;
  /** A whole batch did not arrive. */
  lostBatches: boolean;
}

/** Numbers 1 to some hundreds over a few minutes. */
function makeLog(random: Random, agent: string): Log {
  const loses = random.chance(50);
  const ringPercent = random.chance(50) ? random.below(40) : 0;
  const messages: Buffer[] = [];
  const arrived = new Map<number, number>();
  let lostBatches = false;
  let ringFull = 0;
  let toldLast = 0;
  let next = 1;
  let timeMs = start;
  const batches = 10 + random.below(40);
  for (let batchSequence = 1; batchSequence <= batches; batchSequence++) {
    const samples: [number, number, number][] = [];
    for (let count = 5 + random.below(15); count > 0; count--) {
      timeMs += random.below(1500);
      const number = next++;
      if (random.chance(ringPercent)) ringFull++;
      else samples.push([number, 1, (timeMs - start) * MS_NS]);
    }
    // Two CPUs: the number was given before the ring was asked for room.
    for (let index = 1; index < samples.length; index++)
      if (random.chance(15)) {
        const [one, two] = [samples[index - 1] as [number, number, number], samples[index] as [number, number, number]];
        samples[index - 1] = two;
        samples[index] = one;
      }
    if (samples.length === 0) continue;
    if (loses && random.chance(20)) {
      lostBatches = true;
      continue;
    }
    for (const [number, , offsetNs] of samples)
      arrived.set(number, Math.floor((start + offsetNs / MS_NS) / MINUTE_MS) * MINUTE_MS);
    const fields = { agent, batchSequence, baseTimeNs: BigInt(start) * BigInt(MS_NS) };
    const message = sampleBatchCodec.encode(batchOf(samples, fields, { selected: next - 1, ringFull }));
    toldLast = ringFull;
    messages.push(message);
    if (random.chance(20)) messages.push(message);
    // What was on the disk comes later than what is live.
    if (messages.length > 1 && random.chance(20)) messages.unshift(messages.pop() as Buffer);
  }
  return { messages, expected: count(arrived), ringFull: toldLast, lostBatches };
}

/** Numbers that nobody had count with the next one that somebody had. */
function count(arrived: ReadonlyMap<number, number>): Log['expected'] {
  const told: Log['expected'] = new Map();
  let before = 0;
  for (const [number, minuteMs] of [...arrived].sort(([a], [b]) => a - b)) {
    const key = `${text(minuteMs)}Z`;
    const minute = told.get(key) ?? { captured: 0, missing: 0 };
    minute.captured++;
    minute.missing += number - before - 1;
    told.set(key, minute);
    before = number;
  }
  return told;
}

describe('the views of the ledger', skipWithout('clickhouse'), () => {
  let store: Store;
  const range = { from: text(start - 10 * MINUTE_MS), to: text(start + 30 * MINUTE_MS) };
  before(async () => {
    store = await openStore();
  });
  after(() => store?.stop());

  test('count what came and what is missing as a set of numbers does, and believe the kernel for what it tells', async () => {
    const random = seededRandom(7);
    const logs = new Map(
      Array.from({ length: 60 }, (_, index) => [`a${index}`, makeLog(random, `a${index}`)] as const),
    );
    let offset = 0;
    for (const { messages } of logs.values()) {
      // In several blocks, so that what comes twice is in different parts.
      for (let from = 0; from < messages.length; from += 7) {
        const some = messages.slice(from, from + 7);
        await store.write(topicNames.rawSamples, offset, some);
        offset += some.length;
      }
    }
    const rows = await store.ask<
      Told & { agent: string; minute: string; ringFull: number; untold: number; twice: number }
    >(
      `SELECT agent, minute, captured, missing, ringFull, untold, twice
       FROM ledger_points(from = {from:String}, to = {to:String}) ORDER BY minute`,
      range,
    );
    let gaps = 0;
    for (const [agent, { expected, ringFull, lostBatches }] of logs) {
      const own = rows.filter((row) => row.agent === agent);
      const told = new Map(own.map(({ minute, captured, missing }) => [minute, { captured, missing }]));
      assert.deepEqual(told, new Map([...expected].sort()), agent);
      const sum = (field: 'missing' | 'ringFull' | 'untold' | 'twice') =>
        own.reduce((total, row) => total + row[field], 0);
      assert.equal(sum('twice'), 0, agent);
      assert.equal(sum('ringFull'), Math.min(sum('missing'), ringFull), agent);
      if (!lostBatches) for (const { untold } of own) assert.equal(untold, 0, agent);
      gaps += sum('missing');
    }
    assert.ok(gaps > 1000, `${gaps} missing`);
  });

  test('a range that begins in the middle has no gap before it, and one that was there before the range is none of it', async () => {
    const agent = 'middle';
    const at = (minute: number) => BigInt(start + minute * MINUTE_MS) * BigInt(MS_NS);
    const batch = (batchSequence: number, minute: number, first: number, last: number) =>
      sampleBatchCodec.encode(batchOf([[first, last + 1 - first]], { agent, batchSequence, baseTimeNs: at(minute) }));
    await store.write(topicNames.rawSamples, 1_000_000, [batch(1, 0, 5, 10), batch(2, 1, 21, 30), batch(3, 3, 41, 50)]);
    const ask = (fromMinute: number) =>
      store.ask(
        'SELECT minute, missing, gaps FROM ledger_points(from = {from:String}, to = {to:String}) WHERE agent = {agent:String} ORDER BY minute',
        {
          ...range,
          from: text(start + fromMinute * MINUTE_MS),
          agent,
        },
      );
    const minute = (number: number) => `${text(start + number * MINUTE_MS)}Z`;
    const all = [
      { minute: minute(0), missing: 4, gaps: [[1, 4]] },
      { minute: minute(1), missing: 10, gaps: [[11, 20]] },
      { minute: minute(3), missing: 10, gaps: [[31, 40]] },
    ];
    assert.deepEqual(await ask(-5), all);
    assert.deepEqual(await ask(1), all.slice(1));
    assert.deepEqual(await ask(2), all.slice(2));
    // Longer ago than an hour, nobody looks back: no gap is made up.
    const later = await store.ask(
      'SELECT minute, missing FROM ledger_points(from = {from:String}, to = {to:String}) WHERE agent = {agent:String}',
      {
        from: text(start + 62 * MINUTE_MS),
        to: text(start + 90 * MINUTE_MS),
        agent,
      },
    );
    assert.deepEqual(later, []);
  });

  test('numbers that two batches have are said to be there twice', async () => {
    const batch = (batchSequence: number, first: number, last: number) =>
      sampleBatchCodec.encode(
        batchOf([[first, last + 1 - first]], {
          agent: 'twice',
          batchSequence,
          baseTimeNs: BigInt(start) * BigInt(MS_NS),
        }),
      );
    await store.write(topicNames.rawSamples, 2_000_000, [batch(1, 1, 10), batch(2, 8, 15)]);
    const query = `SELECT captured, missing, twice, verdict FROM ledger_minutes(from = {from:String}, to = {to:String}) WHERE agent = 'twice'`;
    assert.partialDeepStrictEqual(await store.ask(query, range), [{ captured: 18, missing: 0, twice: 3 }]);
  });

  test('whichever stage loses or doubles samples is named, once nothing is on its way; before that they are on their way', async () => {
    const hour = start - 120 * MINUTE_MS;
    const range = { from: text(hour), to: text(hour + 60 * MINUTE_MS) };
    /** One batch of ten samples a minute. @param done samples that each stage says: of decode by reading, of aggregate, of flows */
    async function run(
      agent: string,
      minute: number,
      done: { decode: number[]; aggregate: number; stored: number },
      sentMs = 0,
    ) {
      const minuteMs = hour + minute * MINUTE_MS;
      const at = (values: Buffer[]) =>
        kafkaMessages(offset, values).map((each) => ({ ...each, timestamp: String(sentMs || minuteMs) }));
      const common = { agent, minute: minuteMs, lost: [], letters: 0, waiting: 0, sinceMs: minuteMs };
      const batch = batchOf([[minute * 10 + 1, 10]], {
        agent,
        batchSequence: minute + 1,
        baseTimeNs: BigInt(minuteMs) * BigInt(MS_NS),
      });
      await store.process(topicNames.rawSamples, at([sampleBatchCodec.encode(batch)]));
      const entries = done.decode.map((out, index) =>
        ledgerEntryOf({ ...common, batchSequence: minute + 1, sourceOffset: offset * 10 + index, in: out, out }),
      );
      const emitted = {
        ...common,
        stage: 'aggregate',
        sourcePartition: -1,
        sourceOffset: -1,
        in: done.aggregate,
        out: done.aggregate,
      };
      if (done.aggregate > 0) entries.push(ledgerEntryOf(emitted));
      if (entries.length > 0)
        await store.process(topicNames.ledger, at(entries.map((entry) => ledgerEntryCodec.encode(entry))));
      const [flow] = makeFlows(1, minuteMs);
      if (flow && done.stored > 0)
        await store.write(topicNames.flows, offset, [flowCodec.encode({ ...flow, agent, samples: done.stored })]);
      offset += 10;
    }
    let offset = 4_000_000;
    await run('named', 0, { decode: [10], aggregate: 10, stored: 10 });
    await run('named', 1, { decode: [], aggregate: 0, stored: 0 });
    await run('named', 2, { decode: [10, 10], aggregate: 20, stored: 20 });
    await run('named', 3, { decode: [10], aggregate: 4, stored: 4 });
    await run('named', 4, { decode: [10], aggregate: 10, stored: 7 });
    await run('named', 5, { decode: [10], aggregate: 10, stored: 13 });
    await run('named', 6, { decode: [10], aggregate: 4, stored: 4 }, Date.now());
    const rows = await store.ask<{ verdict: string }>(
      `SELECT balance, waiting, verdict FROM ledger_minutes(from = {from:String}, to = {to:String}) WHERE agent = 'named' ORDER BY minute`,
      range,
    );
    assert.deepEqual(rows, [
      { balance: 0, waiting: 0, verdict: 'all there' },
      { balance: 10, waiting: 0, verdict: '10 did not come out of decode' },
      { balance: -10, waiting: 0, verdict: '10 too many came out of decode' },
      { balance: 6, waiting: 0, verdict: '6 did not come out of aggregate' },
      { balance: 3, waiting: 0, verdict: '3 are not stored' },
      { balance: -3, waiting: 0, verdict: '3 too many are stored' },
      { balance: 6, waiting: 6, verdict: '6 on their way' },
    ]);
    const [agent] = await store.ask(
      `SELECT completeUntil, missing FROM complete_until(from = {from:String}, to = {to:String}) WHERE agent = 'named'`,
      range,
    );
    assert.deepEqual(agent, { completeUntil: `${text(hour + 6 * MINUTE_MS)}Z`, missing: 19 });
  });

  test('what somebody made up becomes rows, and holds up nobody', async () => {
    const largest = 2 ** 53 - 2;
    const hostile = [
      batchOf([[1, 1, -largest]], { agent: '', baseTimeNs: -(2n ** 63n), batchSequence: -1 }, { selected: -1 }),
      batchOf(
        [[largest, 1, largest]],
        { agent: '\u0000\n"', baseTimeNs: 2n ** 63n - 1n },
        { ringFull: largest, ifName: '\\' },
      ),
      batchOf(Array.from({ length: 200 }, (_, day) => [day * 2 + 1, 1, (day - 100) * 86_400_000 * MS_NS] as const)),
      batchOf(
        [
          [5, 2 ** 24],
          [5, -7],
        ],
        { batchSequence: largest },
        { selected: largest },
      ),
    ];
    const entries: Partial<LedgerEntry>[] = [
      { minute: -largest, sinceMs: largest, in: -5, out: largest, letters: -1, batchSequence: -1 },
      {
        minute: largest,
        sinceMs: -largest,
        agent: '\u0000',
        lost: [
          { cause: '__proto__', samples: -9 },
          { cause: '', samples: 1 },
        ],
      },
      { sourcePartition: 2 ** 31 - 1, sourceOffset: largest, stage: 'x'.repeat(1000) },
    ];
    const samples = blockFormatsOf({ samples: true })[topicNames.rawSamples]?.tables[1];
    assert.ok(samples);
    for (const [index, value] of hostile.entries()) {
      const message = sampleBatchCodec.encode(value);
      await store.write(topicNames.rawSamples, 3_000_000 + index, [message]);
      const { part } = sampleRows(message, { partition: 2 ** 31 - 1, offset: largest, timestampMs: 0 });
      await insertBlock(store.client, { ...samples, body: samples.join([part]), token: `hostile-${index}` });
    }
    for (const [index, entry] of entries.entries())
      await store.write(topicNames.ledger, 3_000_000 + index, [ledgerEntryCodec.encode(ledgerEntryOf(entry))]);
    await store.ask(`SELECT * FROM ledger_minutes(from = {from:String}, to = {to:String})`, {
      from: '1970-01-01',
      to: '2100-01-01',
    });
  });

  test('windows of some length are compared over times that they divide', async () => {
    const hour = Math.floor(start / 3_600_000) * 3_600_000 - 5 * 3_600_000;
    const flows = [0, 1, 2].flatMap((window) =>
      makeFlows(1, hour + window * 420_000).map((flow) => ({ ...flow, agent: 'long', windowMs: 420_000, samples: 5 })),
    );
    await store.write(
      topicNames.flows,
      0,
      flows.map((flow) => flowCodec.encode(flow)),
    );
    const rows = await store.ask(
      `SELECT minute, stored FROM ledger_minutes(from = {from:String}, to = {to:String}) ORDER BY minute`,
      { from: text(hour), to: text(hour + 3_600_000) },
    );
    const step = 420_000;
    const expected = flows.map(({ windowStart }) => `${text(Math.floor(windowStart / step) * step)}Z`);
    assert.deepEqual(
      rows,
      expected.map((minute) => ({ minute, stored: 5 })),
    );
  });
});
