// Datagrams of a switch of which the test loses some: the ledger says how many samples that are, and that it was on the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { flowCodec, ledgerEntryCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { ledgerEntryOf } from '@tcxflow/writer/testing/messages.ts';
import { accountOf } from '../../services/cli/ledger/account.ts';
import { readLedger } from '../../services/cli/ledger/ledger.ts';
import { receiver } from '../../services/sflow/receiver/testing/receiver.ts';
import { switchDatagram } from '../../services/sflow/receiver/testing/switch.ts';
import { makeFlows } from '../support/flows.ts';
import { useStore } from '../support/store.ts';

const MINUTE_MS = 60_000;
const SWITCH = '192.0.2.1';
const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
const text = (ms: number) => new Date(ms).toISOString().slice(0, 19);

interface Arrival {
  minute: number;
  sequence: number;
  /** What the agent says that it dropped itself, since it started. */
  drops: number;
  ifIndex?: number;
}

/** A datagram each. On interface 2: 4 and 5 were lost on the way, of 8 and 9 the agent dropped one, 12 to 14 were lost; on 3: 2. */
const arrivals: Arrival[] = [
  { minute: 0, sequence: 1, drops: 0 },
  { minute: 0, sequence: 2, drops: 0 },
  { minute: 0, sequence: 3, drops: 0 },
  { minute: 0, sequence: 6, drops: 0 },
  { minute: 0, sequence: 7, drops: 0 },
  { minute: 1, sequence: 10, drops: 1 },
  { minute: 1, sequence: 11, drops: 1 },
  { minute: 1, sequence: 1, drops: 5, ifIndex: 3 },
  { minute: 2, sequence: 15, drops: 1 },
  { minute: 2, sequence: 3, drops: 5, ifIndex: 3 },
];

test(
  'samples of a switch that were lost on the way are a loss with that cause',
  skipWithout('clickhouse'),
  async (t) => {
    const store = await useStore(t);
    const to = receiver();
    for (const [index, { minute, ...flow }] of arrivals.entries()) {
      const nowMs = start + minute * MINUTE_MS;
      to.receive(switchDatagram({ sequence: index + 1, flows: [flow] }), nowMs);
      // A batch each minute.
      if (arrivals[index + 1]?.minute !== minute) to.intake.flush(nowMs, true);
    }
    const batches = to.batches();
    assert.equal(batches.length, 3);
    await store.write(
      topicNames.rawSamples,
      0,
      batches.map((batch) => sampleBatchCodec.encode(batch)),
    );
    // All that came is decoded, aggregated and stored.
    for (const [offset, { samples, batchSequence, bootId }] of batches.entries()) {
      const minute = start + offset * MINUTE_MS;
      const done = { in: samples.length, out: samples.length, waiting: 0, lost: [], letters: 0, sinceMs: minute };
      const common = { agent: SWITCH, bootId, minute, ...done };
      const from = { batchSequence, sourcePartition: 0, sourceOffset: offset };
      const entries = [
        ledgerEntryOf({ ...common, ...from }),
        ledgerEntryOf({ ...common, stage: 'aggregate', sourcePartition: -1, sourceOffset: -1 }),
      ];
      const values = entries.map((entry) => ledgerEntryCodec.encode(entry));
      await store.write(topicNames.ledger, offset * values.length, values);
      const flows = makeFlows(1, minute).map((flow) => ({ ...flow, agent: SWITCH, samples: samples.length }));
      await store.write(
        topicNames.flows,
        offset,
        flows.map((flow) => flowCodec.encode(flow)),
      );
    }

    const range = { from: text(start).replace('T', ' '), to: text(start + 10 * MINUTE_MS).replace('T', ' ') };
    const ledger = await readLedger(store.client, range, SWITCH);
    assert.deepEqual(
      ledger.minutes.map(({ chosen, captured, stored, lost, verdict }) => ({
        chosen,
        captured,
        stored,
        lost,
        verdict,
      })),
      [
        { chosen: 7, captured: 5, stored: 5, lost: { unreceived: 2 }, verdict: 'what is lost is told' },
        { chosen: 5, captured: 3, stored: 3, lost: { ring_full: 1, unreceived: 1 }, verdict: 'what is lost is told' },
        { chosen: 6, captured: 2, stored: 2, lost: { unreceived: 4 }, verdict: 'what is lost is told' },
      ],
    );
    const { ok, missing, sentence } = accountOf(ledger);
    assert.deepEqual([ok, missing], [false, 0]);
    assert.match(sentence.split('\n')[0] as string, /; 7 lost: unreceived, 1 lost: ring_full$/);
    const points = await store.ask(
      `SELECT minute, ifIndex, missing, ringFull, lostOnWay, untold
     FROM ledger_points(from = {from:String}, to = {to:String}) WHERE missing > 0 ORDER BY minute, ifIndex`,
      range,
    );
    const at = (minute: number) => `${text(start + minute * MINUTE_MS)}Z`;
    assert.deepEqual(points, [
      { minute: at(0), ifIndex: 2, missing: 2, ringFull: 0, lostOnWay: 2, untold: 0 },
      { minute: at(1), ifIndex: 2, missing: 2, ringFull: 1, lostOnWay: 1, untold: 0 },
      { minute: at(2), ifIndex: 2, missing: 3, ringFull: 0, lostOnWay: 3, untold: 0 },
      { minute: at(2), ifIndex: 3, missing: 1, ringFull: 0, lostOnWay: 1, untold: 0 },
    ]);
  },
);
