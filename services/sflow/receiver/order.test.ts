// Gaps, reordering, restarts, wraps and sub-agents: what is told of losses, and that nothing is told twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOW } from '../testing/session.ts';
import { receiver } from './testing/receiver.ts';
import { switchDatagram } from './testing/switch.ts';

/** Of every batch: its boot, its points with what was chosen and dropped, the numbers of its samples. */
function summary(to: ReturnType<typeof receiver>) {
  return to.batches().map(({ bootId, sources, samples }) => ({
    bootId: bootId.toString('hex'),
    selected: sources.map(({ selected }) => selected),
    ringFull: sources.map(({ ringFull }) => ringFull),
    lostOnWay: sources.map(({ lostOnWay }) => lostOnWay),
    packets: sources.map(({ packets }) => packets),
    sequences: samples.map(({ sequence }) => sequence),
  }));
}

const one = (sequence: number, more = {}) => switchDatagram({ sequence, flows: [{ sequence, ...more }] });

test('datagrams that overtook others are put in order, and nothing is counted as lost', async () => {
  const to = receiver();
  for (const sequence of [1, 3, 2, 4, 8, 7, 6, 5, 9, 9]) to.receive(one(sequence));
  to.flush();
  const [got] = to.batches();
  assert.deepEqual(
    got?.samples.map(({ sequence, header }) => [sequence, header[0]]),
    Array.from({ length: 9 }, (_, i) => [i + 1, i + 1]),
  );
  assert.deepEqual([await to.count('lostDatagrams'), await to.count('lostSamples')], [{}, {}]);
});

test('one that does not come is waited for until the batch goes, or eight others are there, and is lost once', async () => {
  const to = receiver();
  to.receive(one(1));
  for (let sequence = 3; sequence <= 9; sequence++) to.receive(one(sequence));
  assert.equal(to.intake.waiting(), 1);
  to.receive(one(10));
  assert.equal(to.intake.waiting(), 9);
  to.receive(one(12));
  to.flush();
  to.receive(one(2)); // Far too late.
  to.receive(one(11));
  to.flush();
  assert.deepEqual(
    summary(to).map(({ selected, lostOnWay, sequences }) => [selected, lostOnWay, sequences]),
    [[[12], [2], [1, 3, 4, 5, 6, 7, 8, 9, 10, 12]]],
  );
  assert.deepEqual(await to.count('lostDatagrams'), { '': 2 });
  assert.deepEqual(await to.count('lostSamples'), { sequence_gap: 2 });
  assert.deepEqual(await to.count('passedOver'), { late: 2 });
  assert.deepEqual(to.metrics.agentLosses.read(), [{ agent: '192.0.2.1', subAgentId: 0, datagrams: 2, samples: 2 }]);
});

test('what an agent chose is what came, what it dropped and what was lost on the way', async () => {
  const to = receiver();
  const numbers = [
    { sequence: 1, drops: 7 }, // Of before we listened.
    { sequence: 2, drops: 7 },
    { sequence: 6, drops: 9 }, // Three are missing, two of them the agent's.
    { sequence: 7, drops: 12 }, // An agent that does not number what it drops.
  ];
  for (const [index, flow] of numbers.entries()) to.receive(switchDatagram({ sequence: index + 1, flows: [flow] }));
  to.flush();
  assert.deepEqual(
    summary(to).map(({ selected, ringFull, lostOnWay, sequences }) => [selected, ringFull, lostOnWay, sequences]),
    [[[10], [5], [1], [1, 2, 6, 10]]],
  );
  assert.deepEqual(await to.count('lostSamples'), { sequence_gap: 1 });
});

test('numbers go on over 2^32: datagrams, samples, pool, drops and uptime', async () => {
  const to = receiver();
  const near = 2 ** 32 - 3;
  for (let i = 0; i < 6; i++) {
    const at = (base: number, step = 1) => (base + i * step) % 2 ** 32;
    const flows = [{ sequence: at(near), samplePool: at(near, 100), drops: at(2 ** 32 - 2), samplingRate: 100 }];
    to.receive(switchDatagram({ sequence: at(near), uptimeMs: at(2 ** 32 - 30_000, 20_000), flows }));
  }
  to.flush();
  const [got] = summary(to);
  assert.deepEqual([got?.packets, got?.ringFull, got?.selected], [[600], [5], [11]]);
  assert.equal(to.batches().length, 1);
  assert.deepEqual([await to.count('lostDatagrams'), await to.count('lostSamples')], [{}, {}]);
  assert.deepEqual(await to.count('restarts'), {});
});

test('an agent that starts anew does so with what waited for a datagram of before', async () => {
  const to = receiver();
  to.receive(switchDatagram({ sequence: 70, uptimeMs: 900_000, flows: [{ sequence: 70 }] }));
  to.receive(switchDatagram({ sequence: 72, uptimeMs: 900_002, flows: [{ sequence: 72 }] }));
  to.receive(switchDatagram({ sequence: 1, uptimeMs: 10, flows: [{ sequence: 1 }] }), NOW + 100);
  to.receive(switchDatagram({ sequence: 2, uptimeMs: 20, flows: [{ sequence: 2 }] }), NOW + 200);
  to.flush();
  const [before, after] = summary(to);
  assert.deepEqual(
    [before?.sequences, after?.sequences],
    [
      [1, 3],
      [1, 2],
    ],
  );
  assert.notEqual(before?.bootId, after?.bootId);
  assert.deepEqual([await to.count('restarts'), await to.count('lostDatagrams')], [{ '': 1 }, { '': 1 }]);
});

test('a stream that begins anew seconds after another loses nothing, however short both are', async () => {
  const starts = [
    // [uptime, datagrams]: emitters that take an agent from each other.
    [1900, 1],
    [1000, 1],
    [1400, 3],
    [1200, 20],
    [1700, 2],
  ] as const;
  const to = receiver();
  for (const [uptimeMs, datagrams] of starts)
    for (let sequence = 1; sequence <= datagrams; sequence++)
      to.receive(switchDatagram({ sequence, uptimeMs: uptimeMs + 100 * sequence, flows: [{ sequence }] }));
  to.flush();
  assert.deepEqual(
    summary(to).map(({ sequences }) => sequences.length),
    starts.map(([, datagrams]) => datagrams),
  );
  assert.equal(new Set(summary(to).map(({ bootId }) => bootId)).size, starts.length);
  assert.deepEqual([await to.count('lostDatagrams'), await to.count('lostSamples')], [{}, {}]);
  assert.deepEqual([await to.count('restarts'), await to.count('passedOver')], [{ '': 4 }, {}]);
});

test('a first datagram that comes twice, or after those behind it, is no start', async () => {
  for (const sequences of [
    [1, 1, 2],
    [1, 2, 3, 1, 4],
    [2, 3, 1, 4],
  ]) {
    const to = receiver();
    for (const sequence of sequences) to.receive(one(sequence));
    to.flush();
    assert.deepEqual([await to.count('restarts'), summary(to).length], [{}, 1], `${sequences}`);
  }
  const wrapped = receiver();
  const numbers = [2 ** 32 - 1, 0, 1, 2];
  for (const sequence of numbers) wrapped.receive(switchDatagram({ sequence, uptimeMs: 9000, flows: [{ sequence }] }));
  wrapped.flush();
  assert.deepEqual([await wrapped.count('restarts'), summary(wrapped)[0]?.sequences.length], [{}, 4]);
});

test('an agent whose numbers begin anew while its uptime goes on keeps its boot, and its sums', async () => {
  const to = receiver();
  for (const sequence of [5000, 5001]) to.receive(one(sequence));
  for (const sequence of [1, 2]) to.receive(switchDatagram({ sequence, uptimeMs: 70_000, flows: [{ sequence }] }));
  to.flush();
  const [got] = summary(to);
  assert.deepEqual([got?.selected, got?.packets, got?.sequences], [[4], [400], [1, 2, 3, 4]]);
  assert.deepEqual([await to.count('lostDatagrams'), await to.count('lostSamples')], [{}, {}]);
});

test('sub-agents have numbers of their own, and boots', async () => {
  const to = receiver();
  for (let i = 1; i <= 4; i++)
    for (const subAgentId of [1, 2])
      to.receive(
        switchDatagram({ sequence: i * 10 ** subAgentId, subAgentId, flows: [{ sequence: i, ifIndex: subAgentId }] }),
      );
  to.flush();
  const got = summary(to);
  assert.deepEqual(
    got.map(({ sequences }) => sequences),
    [
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ],
  );
  assert.notEqual(got[0]?.bootId, got[1]?.bootId);
  assert.deepEqual(await to.count('lostDatagrams'), { '': 3 * 9 + 3 * 99 });
});

test('samples of sources that are no interfaces have each a number of its own', () => {
  const to = receiver();
  for (let i = 1; i <= 3; i++) {
    const datagram = switchDatagram({
      sequence: i,
      flows: [
        { sequence: i, ifIndex: 5 },
        { sequence: i, ifIndex: 6 },
      ],
    });
    for (const ifIndex of ['00000005', '00000006'])
      datagram.writeUInt32BE(1, datagram.indexOf(`00000000${ifIndex}`, 28, 'hex')); // smonVlanDataSource
    to.receive(datagram);
  }
  to.flush();
  const [got] = to.batches();
  assert.deepEqual(
    got?.sources.map(({ ifIndex, selected, packets }) => [ifIndex, selected, packets]),
    [[0, 6, 600]],
  );
  assert.deepEqual(
    got.samples.map(({ sequence }) => sequence),
    [1, 2, 3, 4, 5, 6],
  );
});
