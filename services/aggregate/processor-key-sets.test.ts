// Key sets through the processor: exactly once as the flows, whatever happens to the worker and to the configuration.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { DecodedBatch } from '@tcxflow/schemas/generated.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage } from 'kafkajs';
import type { AggregateConfig } from './config.ts';
import type { KeySetConfig } from './key-set.ts';
import { batch, sample } from './testing/batches.ts';
import { FakeKafka, message } from './testing/fake-kafka.ts';
import { naiveSummaries } from './testing/naive-summaries.ts';
import { randomBatch } from './testing/random-batch.ts';
import { type LogEntry, START_MS, simulateLog, sumFlows, WINDOW_MS } from './testing/simulated-log.ts';
import { sumSummaries } from './testing/summary-sums.ts';

const whole = { prefixV4: 32, prefixV6: 128 };
const byPort: KeySetConfig = { name: 'port', windowMs: 60_000, key: ['ifName', 'srcPort'], ...whole };
const byPrefix: KeySetConfig = {
  name: 'prefix',
  windowMs: 3000,
  key: ['srcAddress', 'srcAs'],
  prefixV4: 24,
  prefixV6: 48,
};
const both = [byPort, byPrefix];

function clock(t: TestContext): void {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ['Date'], now: START_MS });
}

/** Reads a log to its end, killed at random steps, with what the configuration says at each start. */
async function runWithCrashes(
  t: TestContext,
  random: Random,
  entries: readonly LogEntry[],
  configuration: () => Partial<AggregateConfig>,
): Promise<FakeKafka> {
  const kafka = new FakeKafka();
  let crashes = random.below(20);
  kafka.step = (name) => {
    if (crashes > 0 && random.chance(10) && crashes-- > 0) throw new Error(`killed at ${name}`);
  };
  for (;;) {
    try {
      const processor = kafka.open({}, undefined, configuration());
      let unread = entries.filter(({ offset }) => offset >= Number(kafka.committed.offset ?? 0));
      while (unread.length > 0) {
        const chunk = unread.slice(0, 1 + random.below(8));
        unread = unread.slice(chunk.length);
        t.mock.timers.setTime(Math.max(Date.now(), chunk.at(-1)?.writtenMs ?? 0));
        await processor.process(chunk.map(({ offset, message: value }) => message(offset, value)));
        kafka.step('processed');
        if (random.chance(10)) t.mock.timers.setTime(Date.now() + random.below(10_000));
        await processor.tick?.();
      }
      t.mock.timers.setTime(Date.now() + 300_000);
      await processor.tick?.();
      return kafka;
    } catch (error) {
      assert.match((error as Error).message, /^killed at/);
    }
  }
}

/** Each batch once, as it was written first. */
function batchesOf(entries: readonly LogEntry[]): DecodedBatch[] {
  const batches = new Map<string, DecodedBatch>();
  for (const { batch: decoded } of entries) {
    const place = decoded && `${decoded.sourcePartition} ${decoded.sourceOffset}`;
    if (place && !batches.has(place)) batches.set(place, decoded);
  }
  return [...batches.values()];
}

test('simulation: three workers killed at any step; every sample is in each key set exactly once, and in the flows', async (t) => {
  let early = 0;
  for (let seed = 1; seed <= 80; seed++) {
    const random = seededRandom(seed);
    const logs = Array.from({ length: 3 }, () => simulateLog(random));
    const summaries = [];
    for (const { entries, expected } of logs) {
      clock(t);
      // Small enough that windows, or some of their rows, go out before their time, in some runs.
      const kafka = await runWithCrashes(t, random, entries, () => ({
        keySets: both,
        maxOpenFlows: random.chance(50) ? 1 + random.below(8) : 1_000_000,
      }));
      assert.deepEqual(sumFlows(kafka.flows), expected, `seed ${seed}`);
      if (kafka.flows.length > expected.size) early++;
      if (expected.size > 0)
        assert.match(kafka.committed.metadata, /"v":3.*"f":\[\d+,\[\],\[\]\]/, 'no window is open');
      summaries.push(...kafka.summaries);
    }
    const batches = logs.flatMap(({ entries }) => batchesOf(entries));
    const naive = sumSummaries(both.flatMap((keySet) => naiveSummaries(batches, keySet)));
    const emitted = sumSummaries(summaries);
    assert.deepEqual(new Map([...emitted].sort()), new Map([...naive].sort()), `seed ${seed}`);
  }
  assert.ok(early > 20, `${early} runs with further records`);
});

function total(rows: readonly { samples: number; packets: number; bytes: number }[]): number[] {
  return (['samples', 'packets', 'bytes'] as const).map((field) => rows.reduce((sum, row) => sum + row[field], 0));
}

test('simulation: a key set that is changed at each start has every sample once, by its old key or by its new one', async (t) => {
  const versions: KeySetConfig[] = [
    byPort,
    { ...byPort, windowMs: 7000 },
    { ...byPort, key: ['agent'] },
    { ...byPort, key: ['srcAddress'], prefixV4: 8 },
  ];
  let used = 0;
  for (let seed = 1; seed <= 150; seed++) {
    clock(t);
    const random = seededRandom(seed);
    const log = simulateLog(random);
    const kafka = await runWithCrashes(t, random, log.entries, () => ({
      keySets: [random.pick(versions), ...(random.chance(50) ? [byPrefix] : [])],
    }));
    assert.deepEqual(sumFlows(kafka.flows), log.expected, `seed ${seed}`);
    const ofPort = kafka.summaries.filter(({ keySet }) => keySet === 'port');
    assert.deepEqual(total(ofPort), total([...log.expected.values()]), `seed ${seed}`);
    used = Math.max(used, new Set(ofPort.map(({ keyFields, windowMs }) => `${keyFields} ${windowMs}`)).size);
  }
  assert.equal(used, versions.length);
});

test('a key set that is taken away is finished at the next start, and the checkpoint is again one of flows', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const at = (ms: number, offset: number) =>
    message(offset, batch([sample()], { baseTimeNs: BigInt(START_MS + ms) * 1_000_000n, sourceOffset: offset }));
  const log = [at(0, 0), at(1000, 1), at(12_000, 2)];
  t.mock.timers.setTime(START_MS + 60_000);
  await kafka.open({}, undefined, { keySets: [byPort] }).process(log);
  assert.deepEqual([kafka.flows.length, kafka.summaries.length], [1, 0]);
  assert.match(kafka.committed.metadata, /^{"v":3,"r":3,.*"s":\[\["port",60000,/);

  const processor = kafka.open();
  await processor.process([...log, at(13_000, 3)]);
  assert.deepEqual(
    kafka.summaries.map(({ keySet, samples, late }) => [keySet, samples, late]),
    [['port', 3, false]],
  );
  assert.match(kafka.committed.metadata, /^{"v":1,/);
});

test('simulation: with another window length at each start every sample is in the flows once', async (t) => {
  const lengths = new Set<number>();
  for (let seed = 1; seed <= 100; seed++) {
    clock(t);
    const random = seededRandom(seed);
    const log = simulateLog(random);
    const kafka = await runWithCrashes(t, random, log.entries, () => ({
      windowMs: random.pick([WINDOW_MS, 3000, 60_000]),
      keySets: random.chance(30) ? both : [],
    }));
    assert.deepEqual(total(kafka.flows), total([...log.expected.values()]), `seed ${seed}`);
    for (const { windowMs, windowStart } of kafka.flows) {
      lengths.add(windowMs);
      assert.equal(windowStart % windowMs, 0);
    }
  }
  assert.equal(lengths.size, 3);
});

test('without flows only summaries are sent; the ledger says what became of the others', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const processor = kafka.open({}, undefined, { keySets: both, flows: false });
  await processor.process([
    message(0, batch([sample(), sample({ srcPort: 1 })], { baseTimeNs: BigInt(START_MS) * 1_000_000n })),
  ]);
  t.mock.timers.setTime(START_MS + 300_000);
  await processor.tick?.();
  assert.deepEqual(
    [
      kafka.flows.length,
      kafka.summaries.map(({ samples }) => samples),
      kafka.ledger.map(({ out, lost }) => [out, lost[0]?.cause, lost[0]?.samples]),
    ],
    [0, [2, 1, 1], [[0, 'flows_off', 2]]],
  );
  assert.deepEqual([kafka.sent[0]?.topic, kafka.sent[0]?.partition], [topicNames.flowSummaries, 1]);
});

test('rows of all key sets together are bounded: above the bound the smallest of the largest window go out', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const processor = kafka.open({}, 6, { keySets: [{ ...byPort, key: ['srcPort'] }] });
  const ports = [1, 2, 1, 2, 3, 4, 5].map((srcPort, offset) =>
    message(offset, batch([sample({ srcPort })], { baseTimeNs: BigInt(START_MS) * 1_000_000n, sourceOffset: offset })),
  );
  await processor.process(ports);
  assert.deepEqual(
    [kafka.flows, kafka.summaries].map((rows) => rows.map(({ srcPort }) => srcPort)),
    [
      [3, 4],
      [3, 4, 5],
    ],
  );
});

/** In order of time, so that no sample is late however the log is cut into reads. */
function orderedLog(random: Random): KafkaMessage[] {
  return Array.from({ length: 60 }, (_, offset) => {
    const decoded = randomBatch(random, offset, BigInt(START_MS + offset * 700) * 1_000_000n);
    for (const entry of decoded.samples) entry.timeOffsetNs = random.below(1_000_000_000);
    return message(offset, decoded);
  });
}

test('the same log makes the same summaries, bit by bit, however it is read and wherever the worker is killed', async (t) => {
  const keySets = [{ ...byPort, windowMs: WINDOW_MS / 2 }, byPrefix];
  for (let seed = 1; seed <= 5; seed++) {
    clock(t);
    const random = seededRandom(seed);
    const log = orderedLog(random);
    t.mock.timers.setTime(START_MS + 45_000);
    const outputs: string[][] = [];
    for (const crashes of [0, 0, 6]) {
      const kafka = new FakeKafka();
      let left = crashes;
      kafka.step = (name) => {
        if (left > 0 && random.chance(15) && left-- > 0) throw new Error(`killed at ${name}`);
      };
      for (let done = false; !done; ) {
        try {
          const processor = kafka.open({}, undefined, { keySets });
          for (let at = Number(kafka.committed.offset ?? 0); at < log.length; ) {
            const chunk = log.slice(at, at + 1 + random.below(9));
            at += chunk.length;
            await processor.process(chunk);
            kafka.step('processed');
          }
          done = true;
        } catch (error) {
          assert.match((error as Error).message, /^killed at/);
        }
      }
      const ofTopic = (topic: string) => kafka.sent.filter((each) => each.topic === topic);
      const messages = [topicNames.flows, topicNames.flowSummaries].flatMap(ofTopic);
      assert.ok(ofTopic(topicNames.flowSummaries).length > 100);
      outputs.push(messages.map(({ key, value }) => `${key.toString('hex')} ${value.toString('hex')}`));
    }
    for (const messages of outputs) assert.deepEqual(messages, outputs[0], `seed ${seed}`);
  }
});
