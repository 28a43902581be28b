import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { batch, sample } from './testing/batches.ts';
import { FakeKafka, message } from './testing/fake-kafka.ts';
import { START_MS } from './testing/simulated-log.ts';

const log = [0, 1, 2].map((offset) =>
  message(offset, batch([sample()], { baseTimeNs: BigInt(START_MS) * 1_000_000n, sourceOffset: offset })),
);

/** Adding the message at this offset fails so many times, when its samples are in the windows already. */
function failing(t: TestContext, offset: number, times: number): void {
  let left = times;
  // There is no message that does it by itself.
  t.mock.method(Map.prototype, 'set', function set(this: Map<unknown, unknown>, key: unknown, value: unknown) {
    if (key === 0 && value === offset && left > 0) {
      left--;
      throw new TypeError('what no message should cause');
    }
    return mapSet.call(this, key, value);
  });
}

const mapSet = Map.prototype.set;

async function readAgainAndAgain(t: TestContext, kafka: FakeKafka): Promise<number> {
  t.mock.timers.enable({ apis: ['Date'], now: START_MS });
  for (let starts = 1; ; starts++) {
    try {
      const processor = kafka.open();
      await processor.process(log);
      t.mock.timers.setTime(START_MS + 60_000);
      await processor.tick?.();
      return starts;
    } catch (error) {
      assert.equal((error as Error).name, 'TypeError');
    }
  }
}

test('a message that makes adding fail goes to the dead letter, and nothing of it is in a flow', async (t) => {
  const kafka = new FakeKafka();
  failing(t, 1, Infinity);
  assert.equal(await readAgainAndAgain(t, kafka), 3);
  assert.deepEqual([kafka.deadLettered, kafka.flows.map(({ samples }) => samples)], [['1'], [2]]);
  assert.deepEqual(
    kafka.ledger.filter(({ letters }) => letters > 0).map(({ lost }) => lost.map(({ cause }) => cause)),
    [['dead_letter:TypeError']],
  );
  assert.equal(kafka.committed.offset, '3');
});

test('what fails once only is read again, and counted once', async (t) => {
  const kafka = new FakeKafka();
  failing(t, 1, 1);
  assert.equal(await readAgainAndAgain(t, kafka), 2);
  assert.deepEqual([kafka.deadLettered, kafka.flows.map(({ samples }) => samples)], [[], [3]]);
});

test('an error of Kafka stops the partition, and no message is blamed for it', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: START_MS });
  const kafka = new FakeKafka();
  kafka.step = (name) => {
    if (name === 'send') throw new Error('the broker is away');
  };
  for (let round = 0; round < 4; round++) {
    const processor = kafka.open();
    await processor.process(log);
    t.mock.timers.setTime(START_MS + 60_000);
    await assert.rejects(async () => processor.tick?.(), /the broker is away/);
    t.mock.timers.setTime(START_MS);
  }
  assert.deepEqual(kafka.deadLettered, []);
});
