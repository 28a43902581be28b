// What a switch says of its interfaces becomes metadata: at once, again when it changes, and every hour.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNameTable } from '@tcxflow/decode/enrich/interface-names.ts';
import { openPcap } from '../dump/pcap-payloads.ts';
import { NOW } from '../testing/session.ts';
import { CAPTURES, receiver, withCaptures } from './testing/receiver.ts';
import { switchDatagram } from './testing/switch.ts';

const HOUR_MS = 3_600_000;
const UP = { adminUp: true, operUp: true };

/** Every record of metadata so far, as a reader of the topic sees it. */
const told = (to: ReturnType<typeof receiver>) =>
  to.counters().flatMap(({ bootId, metadata }) =>
    metadata.map(({ ifIndex, name, kind, speedBps, operUp, validFromNs, ingressRate, egressRate }) => ({
      ...{ boot: bootId.toString('hex'), ifIndex, name, kind, speedBps, operUp, rates: [ingressRate, egressRate] },
      validFromMs: Number(validFromNs / 1_000_000n),
    })),
  );

test('counters and port names become metadata, once, and the names of samples', () => {
  const to = receiver();
  const counters = [{ ifIndex: 2, ifName: 'ge-0/0/2', ...UP }];
  to.receive(switchDatagram({ sequence: 1, flows: [{ sequence: 1, input: 7, output: 2 }], counters }));
  to.flush();
  to.receive(switchDatagram({ sequence: 2, flows: [{ sequence: 2, input: 7, output: 2 }], counters }));
  to.flush();
  const [first, ...rest] = told(to);
  assert.deepEqual(
    { ...first, boot: '' },
    {
      ...{ boot: '', ifIndex: 2, name: 'ge-0/0/2', kind: 'physical', speedBps: 100e9, operUp: true },
      ...{ rates: [0, 100], validFromMs: NOW },
    },
  );
  assert.deepEqual(rest, []);
  assert.deepEqual(
    to.batches().flatMap(({ sources }) => sources.map(({ ifName, direction }) => [ifName, direction])),
    [
      ['ge-0/0/2', 'egress'],
      ['ge-0/0/2', 'egress'],
    ],
  );
});

test('a change is told at once with its time, and all of it every hour with the time since when it holds', () => {
  const to = receiver();
  const send = (sequence: number, now: number, counters: { ifIndex: number; operUp: boolean; ifName: string }[]) => {
    to.receive(switchDatagram({ sequence, counters: counters.map((entry) => ({ ...UP, ...entry })) }), now);
    to.intake.flush(now, true);
  };
  const uplink = { ifIndex: 1, ifName: 'uplink', operUp: true };
  send(1, NOW, [uplink, { ifIndex: 2, ifName: 'b', operUp: true }]);
  send(2, NOW + 1000, [uplink, { ifIndex: 2, ifName: 'b', operUp: false }]);
  send(3, NOW + 2000, [uplink, { ifIndex: 2, ifName: 'c', operUp: false }]);
  send(4, NOW + HOUR_MS, [uplink]);
  assert.deepEqual(
    told(to).map(({ name, operUp, validFromMs }) => [name, operUp, validFromMs - NOW]),
    [
      ['uplink', true, 0],
      ['b', true, 0],
      ['b', false, 1000],
      ['c', false, 2000],
      ['uplink', true, 0],
      ['c', false, 2000],
    ],
  );
});

test('an interface of which samples begin to come is told again with its rate', () => {
  const to = receiver();
  to.receive(switchDatagram({ sequence: 1, counters: [{ ifIndex: 2, ...UP }] }));
  to.flush();
  to.receive(switchDatagram({ sequence: 2, flows: [{ sequence: 1, samplingRate: 512 }] }));
  to.flush();
  assert.deepEqual(
    told(to).map(({ rates }) => rates),
    [
      [0, 0],
      [512, 0],
    ],
  );
});

test('names that one sub-agent tells are those of the other’s samples, also in enrichment', () => {
  const to = receiver();
  to.receive(switchDatagram({ sequence: 1, subAgentId: 2, counters: [{ ifIndex: 2, ifName: 'swp2', ...UP }] }));
  to.receive(switchDatagram({ sequence: 1, subAgentId: 1, flows: [{ sequence: 1 }] }));
  to.flush();
  const [batch] = to.batches();
  assert.equal(batch?.sources[0]?.ifName, 'swp2');
  const names = createNameTable(1000, () => undefined);
  for (const message of to.counters()) names.learn(message);
  const traits = names.find(batch.agent, batch.bootId)?.interface(2, batch.baseTimeNs);
  assert.deepEqual(traits, { name: 'swp2', alias: '', kind: 'physical', speedBps: 100e9 });
});

test('after a restart all is told anew, and what was of before is not', () => {
  const to = receiver();
  const counters = [1, 2].map((ifIndex) => ({ ifIndex, ifName: `old${ifIndex}`, ...UP }));
  to.receive(switchDatagram({ sequence: 1, uptimeMs: 900_000, counters }));
  to.flush();
  to.receive(
    switchDatagram({
      sequence: 1,
      uptimeMs: 50,
      flows: [{ sequence: 1 }],
      counters: [{ ifIndex: 1, ifName: 'new1', ...UP }],
    }),
  );
  to.flush();
  const boots = Map.groupBy(told(to), ({ boot }) => boot);
  assert.deepEqual(
    [...boots.values()].map((records) => records.map(({ name }) => name)),
    [['old1', 'old2'], ['new1']],
  );
  assert.equal(to.batches()[0]?.sources[0]?.ifName, 'if2');
});

test('an agent cannot make the receiver remember any number of interfaces', () => {
  const to = receiver({ maxInterfaces: 10 });
  for (let i = 1; i <= 200; i++)
    to.receive(
      switchDatagram({ sequence: i, flows: [{ sequence: 1, ifIndex: i }], counters: [{ ifIndex: i, ...UP }] }),
    );
  to.flush();
  // Three things are remembered of an interface.
  assert.ok(told(to).length <= 10 && to.batches()[0]!.sources.length <= 10);
  assert.equal(to.counters().flatMap(({ interfaces }) => interfaces).length, 200);
});

test('a real hsflowd’s interface has its name and speed', withCaptures, () => {
  const to = receiver();
  for (const { payload } of openPcap(readFileSync(join(CAPTURES, 'linux-hsflowd-epcap.pcap'))) ?? [])
    to.receive(payload);
  to.flush();
  const [first] = told(to);
  assert.partialDeepStrictEqual(first, { ifIndex: 2, name: 'vsfa', kind: 'physical', operUp: true });
});
