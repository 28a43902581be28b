// Numbers of an agent that has sampled for long: what goes onto the wire has 32 bits, and begins again at 0. A receiver goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { DatagramBuilder } from './codec/datagram.ts';
import { decodeDatagram } from './codec/decode-datagram.ts';
import { createBatchReader } from './read-batch.ts';
import { frame, receiver } from './receiver/testing/receiver.ts';
import { createSession, emptyTally } from './session.ts';
import { AGENT, batch, NOW, raw, source } from './testing/session.ts';

const WRAP = 2 ** 32;
const RATE = 100;
const OPTIONS = { subAgentId: 7, datagramBytes: 1400, headerBytes: 128, maxAgeMs: 10_000 };

/** Six samples of each direction. @param ingress last number that it had given out */
function wrapping(ingress: number, options: Partial<typeof OPTIONS & { thin: number }> = {}) {
  const datagrams: Buffer[] = [];
  const read = createBatchReader();
  const emit = (datagram: Buffer) => void datagrams.push(datagram);
  // Uptime begins 300 ms before its own end.
  const to = createSession(AGENT, NOW - WRAP + 300, { ...OPTIONS, ...options });
  for (let i = 1; i <= 6; i++) {
    const of = (selected: number, ringFull: number) => ({ packets: selected * RATE, selected, ringFull });
    const sources = [source(of(ingress + i, WRAP - 3 + i)), source({ direction: 'egress', ...of(i, 0) })];
    const samples = [raw(ingress + i, { header: frame(i) }), raw(i, { source: 1, header: frame(i) })];
    to.addBatch(read(sampleBatchCodec.encode(batch(samples, sources))), NOW, emptyTally(), emit);
    to.flush(NOW + i * 100, emit);
  }
  const decoded = datagrams.map((datagram) => decodeDatagram(datagram)).filter((datagram) => datagram.ok);
  const flows = decoded.flatMap(({ samples }) => samples).filter((sample) => sample.kind === 'flow');
  return { datagrams, flows, uptimes: decoded.map(({ uptimeMs }) => uptimeMs) };
}

test('sample numbers, pool, drops and uptime have their low 32 bits on the wire', () => {
  const { flows, uptimes } = wrapping(WRAP - 6);
  assert.deepEqual(
    flows.map(({ sequence }) => sequence),
    [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map((number) => number >>> 0),
  );
  // The last of each datagram.
  const pools = [1, 2, 3, 4, 5, 6].map((i) => ((2 * i - 6) * RATE) >>> 0);
  assert.deepEqual([...new Set(flows.map(({ samplePool }) => samplePool))], pools);
  assert.deepEqual([...new Set(flows.map(({ drops }) => drops))], [WRAP - 2, WRAP - 1, 0, 1, 2, 3]);
  assert.deepEqual(uptimes, [WRAP - 200, WRAP - 100, 0, 100, 200, 300]);
});

test('datagram sequences too', () => {
  const builder = new DatagramBuilder({ agentAddress: AGENT, subAgentId: 7 });
  const sequences = [WRAP - 1, WRAP, WRAP + 1].map((sequence) => {
    const datagram = decodeDatagram(Buffer.from(builder.finish(sequence, 1)));
    return datagram.ok && datagram.sequence;
  });
  assert.deepEqual(sequences, [WRAP - 1, 0, 1]);
});

test('of one in several, the numbers that remain go on over 2^32 as well', () => {
  const { flows } = wrapping(4 * WRAP - 6, { thin: 4 });
  assert.deepEqual(
    flows.map(({ sequence, samplingRate }) => [sequence, samplingRate]),
    [WRAP - 1, 0, 1].map((number) => [number, 4 * RATE]),
  );
});

test('the receiver counts no loss there, and no restart', async () => {
  const to = receiver();
  for (const datagram of wrapping(WRAP - 6).datagrams) to.receive(datagram);
  to.flush();
  const names = ['lostDatagrams', 'lostSamples', 'restarts', 'passedOver'] as const;
  assert.deepEqual(await Promise.all(names.map(to.count)), [{}, {}, {}, {}]);
  const [got, more] = to.batches();
  assert.equal(more, undefined);
  assert.equal(
    got?.sources.reduce((sum, { packets }) => sum + packets, 0),
    11 * RATE,
  );
  assert.equal(got?.samples.length, 12);
});
