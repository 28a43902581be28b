// Whoever may send can send anything: no throw, everything counted, and no more memory than the bounds say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { sentStream } from '../codec/testing/stream.ts';
import { NOW } from '../testing/session.ts';
import { receiverSection } from './config.ts';
import { createIntake } from './intake.ts';
import type { Outgoing } from './messages.ts';
import { createReceiverMetrics } from './metrics.ts';
import { switchDatagram } from './testing/switch.ts';

const SENDER_BYTES = 16;
const random = seededRandom(6343);

/** A receiver whose messages nobody keeps. */
function sieve(options: object) {
  const metrics = createReceiverMetrics(createMetrics('receiver'));
  const sent = { messages: 0, bytesMax: 0 };
  const intake = createIntake(receiverSection.parse(options), metrics, ({ value }: Outgoing) => {
    sent.messages++;
    sent.bytesMax = Math.max(sent.bytesMax, value.length);
  });
  const bytes = Buffer.alloc(SENDER_BYTES + 65_536);
  const from = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
  const sum = async (name: 'datagrams' | 'refused' | 'repeatedDatagrams') =>
    (await metrics[name].get()).values.reduce((total, { value }) => total + value, 0);
  return {
    ...{ intake, metrics, sent, sum },
    receive(datagram: Buffer, nowMs: number) {
      datagram.copy(bytes, SENDER_BYTES);
      intake.receive(from, SENDER_BYTES, SENDER_BYTES + datagram.length, 0, nowMs);
    },
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is held after everything that can be let go of is gone, in MB. */
async function heldMb(): Promise<number> {
  // Buffers are given back after the collection that found them unused.
  for (let round = 0; round < 4; round++) {
    collectGarbage();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

test('broken datagrams of any number of agents are each counted, and leave little behind', async () => {
  const to = sieve({ maxAgents: 500, maxInterfaces: 5000 });
  const good = sentStream(true).map(({ bytes }) => bytes);
  const before = await heldMb();
  const DATAGRAMS = 50_000;
  for (let i = 0; i < DATAGRAMS; i++) {
    const datagram = Buffer.from(random.pick(good));
    for (let changes = random.below(6); changes > 0; changes--)
      datagram[random.below(datagram.length)] = random.pick([0, 1, 0x7f, 0xff, random.below(256)]);
    datagram.writeUInt32BE(random.below(4000), 8); // the agent, in part
    to.receive(random.chance(10) ? datagram.subarray(0, random.below(datagram.length)) : datagram, NOW + i / 100);
    if (i % 1000 === 0) to.intake.flush(NOW + i / 100, false);
  }
  to.intake.flush(NOW + 10_000, true);
  assert.equal((await to.sum('datagrams')) + (await to.sum('refused')), DATAGRAMS);
  assert.ok(to.sent.messages > 1000);
  const heldMore = (await heldMb()) - before;
  assert.ok(heldMore < 150, `${heldMore} MB`);
});

test('agents that name new interfaces, start anew and leave gaps all the time are held to the bounds', async () => {
  const to = sieve({ maxAgents: 100, maxInterfaces: 2000 });
  const before = await heldMb();
  const ROUNDS = 20_000;
  for (let i = 0; i < ROUNDS; i++) {
    const ifIndex = 1 + random.below(2 ** 24);
    const agent = Buffer.from('00000000000000000000ffffc0000200', 'hex');
    agent[15] = random.below(50);
    const flows = [{ sequence: random.below(2 ** 32), ifIndex, samplePool: random.below(2 ** 32), drops: i * 7919 }];
    const counters = [{ ifIndex, ifName: 'x'.repeat(250) + i }];
    const sequence = random.chance(50) ? 2 * i : random.below(2 ** 32);
    to.receive(switchDatagram({ agent, sequence, uptimeMs: random.below(2 ** 32), flows, counters }), NOW + i);
    if (i % 100 === 0) to.intake.flush(NOW + i, false);
  }
  to.intake.flush(NOW + ROUNDS, true);
  assert.equal((await to.sum('datagrams')) + (await to.sum('refused')), ROUNDS);
  const heldMore = (await heldMb()) - before;
  assert.ok(heldMore < 50, `${heldMore} MB`);
});

test('what waits is bounded in bytes, of one agent and of all', () => {
  const to = sieve({ batchSamples: 10_000, maxAgents: 100 });
  const header = Buffer.alloc(60_000, 1);
  for (let i = 1; i <= 2000; i++) {
    const datagram = Buffer.concat([switchDatagram({ sequence: i, flows: [{ sequence: i }] }), header]);
    // One sample with a header as long as a datagram can be.
    const at = datagram.length - header.length - 60;
    datagram.writeUInt32BE(60 + header.length, at - 4);
    datagram.writeUInt32BE(76 + header.length, at - 20);
    datagram.writeUInt32BE(128 + header.length, 32);
    datagram.writeUInt32BE(1 + (i % (i < 1000 ? 3 : 90)), 12); // sub-agents
    to.receive(datagram, NOW);
    assert.ok(to.intake.waitingBytes() <= 33 << 20);
  }
  assert.ok(to.sent.messages > 50 && to.sent.bytesMax > 500_000 && to.sent.bytesMax < 2 << 20, JSON.stringify(to.sent));
});
