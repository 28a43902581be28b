// What a collector sees of an agent whose partition went from one emitter to another.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batch, raw, session, source } from './testing/session.ts';

const RATE = 100;
const amid = { batchSequence: 900 };
/** Chosen 1:100 all the time. */
const ingress = (selected: number) => source({ packets: selected * RATE, selected, ringFull: 40 });
const egress = (selected: number) =>
  source({ direction: 'egress', packets: selected * RATE, selected, ringFull: 2, copyFailed: 1 });

test('a session that begins amid an agent’s batches has numbers from 1 without gaps, and pools that go with them', () => {
  const to = session();
  to.add(batch([raw(1001), raw(1002)], [ingress(1002)], amid));
  // The other direction comes later: it had chosen 500 by then.
  to.add(batch([raw(501, { source: 1 }), raw(1003)], [ingress(1003), egress(501)], amid));
  to.add(batch([raw(502), raw(503)], [egress(503)], amid));
  to.add(batch([raw(1004)], [{ ...ingress(1004), ringFull: 47 }], amid));
  assert.deepEqual(
    to.flows().map(({ sequence, samplePool, drops }) => [sequence, samplePool, drops]),
    [
      [1, 200, 0],
      [2, 200, 0],
      [3, 400, 0],
      [4, 400, 0],
      [5, 600, 0],
      [6, 600, 0],
      [7, 700, 7],
    ],
  );
});

test('what is lost later in such a session is a gap', () => {
  const to = session();
  to.add(batch([raw(1001)], [ingress(1001)], amid));
  to.add(batch([raw(1005), raw(71, { source: 1 })], [ingress(1005), egress(71)], amid));
  assert.deepEqual(
    to.flows().map(({ sequence, samplePool }) => [sequence, samplePool]),
    [
      [1, 100],
      [5, 600],
      [6, 600],
    ],
  );
});

test('a sample of before such a session is not sent but counted', () => {
  const to = session();
  to.add(batch([raw(1001)], [ingress(1001)], amid));
  to.add(batch([raw(998, { sampleCount: 3 }), raw(1002)], [ingress(1002)], amid));
  assert.deepEqual(
    to.flows().map(({ sequence }) => sequence),
    [1, 2],
  );
  assert.equal(to.tally.stale, 3);
});

test('a start of the agent that the session sees from its first batch has the agent’s own numbers', () => {
  const to = session();
  to.add(batch([raw(1001)], [ingress(1001)], amid));
  const anew = { bootId: Buffer.alloc(16, 2), batchSequence: 1 };
  to.add(batch([raw(4)], [ingress(4)], anew));
  assert.partialDeepStrictEqual(to.flows().at(-1), { sequence: 4, samplePool: 400, drops: 40 });
});
