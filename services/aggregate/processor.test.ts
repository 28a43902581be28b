import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { DecodedBatch } from '@tcxflow/schemas/generated.ts';
import type { KafkaMessage } from 'kafkajs';
import { batch, sample } from './testing/batches.ts';
import { FakeKafka, message } from './testing/fake-kafka.ts';
import { randomBatch } from './testing/random-batch.ts';
import { type SimulatedLog, START_MS, simulateLog, sumFlows } from './testing/simulated-log.ts';

const at = (ms: number, fields: Partial<DecodedBatch> = {}) =>
  batch([sample()], { baseTimeNs: BigInt(START_MS + ms) * 1_000_000n, ...fields });

function clock(t: TestContext): void {
  t.mock.timers.enable({ apis: ['Date'], now: START_MS });
}

test('a window goes out when a newer sample is past its end and the allowed lateness', async (t) => {
  clock(t);
  t.mock.timers.setTime(START_MS + 60_000);
  const kafka = new FakeKafka();
  const processor = kafka.open();
  await processor.process([message(0, at(0)), message(1, at(11_999, { sourceOffset: 1 }))]);
  assert.equal(kafka.flows.length, 0);
  await processor.process([message(2, at(12_000, { sourceOffset: 2 }))]);
  assert.deepEqual(
    kafka.flows.map(({ windowStart, samples }) => [windowStart, samples]),
    [[START_MS, 1]],
  );
  assert.equal(kafka.committed.offset, '1', 'the open window needs the second message');
  assert.equal(kafka.sent[0]?.partition, 1);
});

test('samples of a clock that is ahead do not close windows before the wall clock does', async (t) => {
  clock(t);
  t.mock.timers.setTime(START_MS + 11_000);
  const kafka = new FakeKafka();
  await kafka.open().process([message(0, at(0)), message(1, at(3_600_000, { sourceOffset: 1 }))]);
  assert.equal(kafka.flows.length, 0);
});

test('without new messages the wall clock closes windows', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const processor = kafka.open();
  t.mock.timers.setTime(START_MS + 8000);
  await processor.process([message(0, at(0))]);
  t.mock.timers.setTime(START_MS + 12_000); // due, but not idle for long enough
  await processor.tick?.();
  assert.equal(kafka.flows.length, 0);
  t.mock.timers.setTime(START_MS + 13_000);
  await processor.tick?.();
  assert.deepEqual([kafka.flows.length, kafka.committed.offset], [1, '1']);
});

test('what cannot be decoded goes to the dead letter, and the partition goes on behind it', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const processor = kafka.open();
  await processor.process([message(0, at(0)), message(1, undefined)]);
  t.mock.timers.setTime(START_MS + 60_000);
  await processor.tick?.();
  assert.deepEqual([kafka.deadLettered, kafka.flows.length, kafka.committed.offset], [['1'], 1, '2']);
});

test('what made no window is committed when things are quiet, and not read again', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const processor = kafka.open();
  await processor.process([message(0, undefined)]);
  await processor.tick?.();
  assert.equal(kafka.committed.offset, undefined);
  t.mock.timers.setTime(START_MS + 60_000);
  await processor.tick?.();
  assert.deepEqual([kafka.deadLettered, kafka.committed.offset], [['0'], '1']);
});

test('more flows than memory is meant to hold go out before their time, and the rest in further records', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const processor = kafka.open({}, 2);
  const ports = [1, 2, 3, 4].map((srcPort) =>
    batch([sample({ srcPort })], { baseTimeNs: BigInt(START_MS) * 1_000_000n, sourceOffset: srcPort }),
  );
  await processor.process(ports.map((each, offset) => message(offset, each)));
  assert.equal(kafka.flows.length, 3);
  t.mock.timers.setTime(START_MS + 60_000);
  await processor.tick?.();
  assert.deepEqual(
    kafka.flows.map(({ srcPort, late }) => [srcPort, late]),
    [
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ],
  );
});

test('of too many flows in one window those of fewest samples go out early, and are not counted again', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const log = [1, 2, 1, 2, 3, 4, 5, 1, 3].map((srcPort, offset) =>
    message(offset, batch([sample({ srcPort })], { baseTimeNs: BigInt(START_MS) * 1_000_000n, sourceOffset: offset })),
  );
  const emitted = () => kafka.flows.map(({ srcPort, samples, late }) => [srcPort, samples, late]);
  const early = [
    [3, 1, false],
    [4, 1, false],
    [5, 1, false],
  ];
  await kafka.open({}, 4).process(log.slice(0, 7));
  assert.deepEqual(emitted(), early);
  assert.match(kafka.committed.metadata, /"v":2,"r":7,.*"e":\[\[0,7,1\]\]/);
  assert.equal(kafka.committed.offset, '0', 'the flows that stayed need everything');

  // Killed here: the next one reads from the start.
  const processor = kafka.open({}, 4);
  await processor.process(log);
  t.mock.timers.setTime(START_MS + 60_000);
  await processor.tick?.();
  assert.deepEqual(emitted(), [...early, [1, 3, false], [2, 2, false], [3, 1, false]]);
  assert.deepEqual([kafka.committed.offset, /"v":1/.test(kafka.committed.metadata)], ['9', true]);
});

test('after a rebalance nothing is committed', async (t) => {
  clock(t);
  const kafka = new FakeKafka();
  const processor = kafka.open({ abandoned: true });
  await processor.process([message(0, at(0))]);
  t.mock.timers.setTime(START_MS + 60_000);
  await assert.rejects(async () => processor.tick?.(), /reassigned/);
  assert.deepEqual([kafka.flows.length, kafka.committed.offset], [0, undefined]);
});

/** Starts from checkpoints with evictions, in all runs. */
let withEvictions = 0;

/** Until the log is read and every window is out; killed at random steps. */
async function runWithCrashes(t: TestContext, random: Random, { entries }: SimulatedLog): Promise<FakeKafka> {
  const kafka = new FakeKafka();
  let crashes = random.below(20);
  kafka.step = (name) => {
    if (crashes > 0 && random.chance(10) && crashes-- > 0) throw new Error(`killed at ${name}`);
  };
  for (;;) {
    try {
      if (kafka.committed.metadata.startsWith('{"v":2')) withEvictions++;
      // Small enough that windows, or some of their flows, go out before their time, in some runs.
      const processor = kafka.open({}, random.chance(50) ? 1 + random.below(5) : undefined);
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

/** By agent and minute, of the flows themselves. */
function samplesSent(kafka: FakeKafka): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { agent, windowStart, samples } of kafka.flows) {
    const key = `${agent} ${new Date(windowStart).toISOString().slice(0, 16)}`;
    sums.set(key, (sums.get(key) ?? 0) + samples);
  }
  return new Map([...sums].sort());
}

function samplesSaid(kafka: FakeKafka): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { agent, minute, out, letters } of kafka.ledger) {
    if (letters > 0) continue;
    const key = `${agent} ${new Date(minute).toISOString().slice(0, 16)}`;
    sums.set(key, (sums.get(key) ?? 0) + out);
  }
  return new Map([...sums].sort());
}

test('simulation: killed at any step of its transactions, every sample is in the flows exactly once', async (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    t.mock.timers.reset();
    clock(t);
    const random = seededRandom(seed);
    const log = simulateLog(random);
    const kafka = await runWithCrashes(t, random, log);
    assert.deepEqual(sumFlows(kafka.flows), log.expected, `seed ${seed}`);
    assert.deepEqual(samplesSaid(kafka), samplesSent(kafka), `seed ${seed}: the ledger`);
    if (log.expected.size > 0) assert.match(kafka.committed.metadata, /"w":\[\]/, `seed ${seed}: no window is open`);
  }
  assert.ok(withEvictions > 20, `${withEvictions} starts from a checkpoint with evictions`);
});

/** In order of time, so that no sample is late however the log is cut into reads. */
function orderedLog(random: Random): KafkaMessage[] {
  return Array.from({ length: 60 }, (_, offset) => {
    const decoded = randomBatch(random, offset, BigInt(START_MS + offset * 700) * 1_000_000n);
    for (const entry of decoded.samples) entry.timeOffsetNs = random.below(1_000_000_000);
    return message(offset, decoded);
  });
}

test('the same log makes the same messages, bit by bit, however it is read and wherever the worker is killed', async (t) => {
  for (let seed = 1; seed <= 10; seed++) {
    t.mock.timers.reset();
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
          const processor = kafka.open();
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
      const messages = kafka.sent.map(({ key, value }) => `${key.toString('hex')} ${value.toString('hex')}`);
      assert.ok(messages.length > 1000, `${messages.length} flows`);
      outputs.push(messages);
    }
    for (const messages of outputs) assert.deepEqual(messages, outputs[0], `seed ${seed}`);
  }
});
