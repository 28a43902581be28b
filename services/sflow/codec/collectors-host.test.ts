// Counters of the machine and discarded packets before collectors of other projects.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostCounters } from '@tcxflow/schemas/generated.ts';
import { DatagramBuilder } from './datagram.ts';
import type { DiscardSample } from './discard-sample.ts';
import { HOST_RECORDS } from './host-records.ts';
import { HOST_SLOTS } from './host-sample.ts';
import {
  dissectWithTshark,
  SFACCTD,
  SFCAPD,
  sendUdp,
  skipWithout,
  startSfacctd,
  startSfcapd,
  TSHARK,
} from './testing/collectors.ts';
import { addressBytes, ethernetFrame, ipPacket } from './testing/frames.ts';

/** A different number in every field. */
function host(): HostCounters {
  let number = 100;
  const groups = HOST_RECORDS.map(({ group, fields }) => [
    group,
    Object.fromEntries(fields.map(([, name]) => [name, ++number])),
  ]);
  const description = { hostname: 'box-1', uuid: Buffer.alloc(16, 7), machineType: 3, osName: 2, osRelease: '6.12.0' };
  return { ...Object.fromEntries(groups), description } as HostCounters;
}

const options = { agentAddress: addressBytes('198.51.100.7'), subAgentId: 7 };
const frame = ethernetFrame(
  ipPacket({
    source: '10.0.0.1',
    destination: '10.0.0.2',
    protocol: 'udp',
    sourcePort: 40001,
    destinationPort: 41001,
    payloadBytes: 9,
  }),
);
const packet = {
  ...{ headerProtocol: 1 as const, wireBytes: frame.length, header: frame },
  ...{ headerOffset: 0, headerLength: frame.length },
};

/** The machine's counters, with a flow sample behind them that is lost when they cannot be read. */
function hostDatagram(withFlow = true): Buffer {
  const builder = new DatagramBuilder(options);
  const sample = { sequence: 5, host: host(), adapters: [{ ifIndex: 2, mac: Buffer.from('020000000001', 'hex') }] };
  for (let slot = 0; slot < HOST_SLOTS; slot++) assert.ok(builder.addHost(sample, slot));
  const numbers = { sequence: 1, ifIndex: 2, samplingRate: 10, samplePool: 10, drops: 0, input: 2, output: 3 };
  if (withFlow) assert.ok(builder.addFlow({ ...numbers, ...packet }));
  return Buffer.from(builder.finish(1, 1000));
}

function discardDatagram(): Buffer {
  const builder = new DatagramBuilder(options);
  for (const reason of ['NO_SOCKET', 'SOMETHING_NEW']) {
    const sample: DiscardSample = { sequence: builder.count + 1, drops: 3, input: 2, output: 0, reason, ...packet };
    assert.ok(builder.addDiscard(sample));
  }
  return Buffer.from(builder.finish(2, 1000));
}

test('tshark dissects both without a complaint', { skip: skipWithout(TSHARK) }, async () => {
  const fields = ['sflow_245.numsamples', 'sflow.counters_sample.sequence_number', 'sflow_245.sampletype'];
  const { packets, complaints } = await dissectWithTshark(
    [hostDatagram(), discardDatagram(), hostDatagram(false)],
    fields,
  );
  assert.deepEqual(complaints, []);
  assert.deepEqual(packets[0]?.['sflow_245.sampletype'], [...Array<string>(HOST_SLOTS).fill('4'), '3']);
  assert.deepEqual(packets[1]?.['sflow_245.sampletype'], ['5', '5']);
});

test('sfcapd and sfacctd have the flow behind the machine’s counters', {
  skip: skipWithout({ ...SFCAPD, ...SFACCTD }),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tcxflow-collectors-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const start of [startSfcapd, startSfacctd]) {
    const collector = await start(folder);
    await sendUdp(collector.port, [hostDatagram()]);
    const rows = await collector.stop();
    assert.deepEqual(
      rows.map(({ sourceAddress, destinationPort }) => [sourceAddress, destinationPort]),
      [['10.0.0.1', 41001]],
    );
  }
});
