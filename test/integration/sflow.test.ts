// What leaves as sFlow, as other projects' collectors and Wireshark see it.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  dissectWithTshark,
  SFACCTD,
  SFCAPD,
  skipWithout,
  startSfacctd,
  startSfcapd,
  TSHARK,
} from '../../services/sflow/codec/testing/collectors.ts';
import { needsRoot } from '../support/require-root.ts';
import { startUp } from '../support/up.ts';

const skip = needsRoot() || skipWithout({ ...TSHARK, ...SFCAPD, ...SFACCTD });
const RATE = 10;

test('sfcapd, sfacctd and tshark count the samples that were sent, and show their fields', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-sflow-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const datagrams: Buffer[] = [];
  const recorder = createSocket('udp4', (message) => datagrams.push(message)).bind(0, '127.0.0.1');
  await once(recorder, 'listening');
  t.after(() => recorder.close());
  const sfcapd = await startSfcapd(folder);
  const sfacctd = await startSfacctd(folder);
  const collectors = [sfcapd.port, sfacctd.port, recorder.address().port].flatMap((port) => [
    '--sflow',
    `127.0.0.1:${port}`,
  ]);

  const report = await startUp(t, [
    '--seconds',
    '12',
    '--rate',
    String(RATE),
    '--report',
    'json',
    ...collectors,
  ]).report();
  assert.equal(report.sflow.flowSamples, report.selected);
  assert.equal(datagrams.length, report.sflow.datagrams);

  const { packets, complaints } = await dissectWithTshark(datagrams, [
    'sflow_245.sequence_number',
    'sflow.flow_sample.sequence_number',
    'sflow.flow_sample.sampling_rate',
    'sflow.flow_sample.sample_pool',
    'sflow.flow_sample.dropped_packets',
    'sflow_245.ifinoct',
    'ieee8021ad.id',
    'ip.src',
  ]);
  assert.deepEqual(complaints, []);
  // One agent: one dense sequence of datagrams from 1.
  assert.deepEqual(
    packets.map((packet) => Number(packet['sflow_245.sequence_number'][0])),
    datagrams.map((_, index) => index + 1),
  );
  const all = (field: keyof (typeof packets)[0]) => packets.flatMap((packet) => packet[field]);
  assert.equal(all('sflow.flow_sample.sequence_number').length, report.sflow.flowSamples);
  assert.equal(all('sflow_245.ifinoct').length, report.sflow.counterSamples);
  assert.deepEqual([...new Set(all('sflow.flow_sample.sampling_rate'))], [String(RATE)]);
  assert.deepEqual([...new Set(all('sflow.flow_sample.dropped_packets'))], ['0']);
  // The pool is the true count of packets of an interface: two interfaces, the highest of each add up to what was seen.
  const pools = all('sflow.flow_sample.sample_pool').map(Number);
  assert.ok(Math.max(...pools) <= report.seen.packets && Math.max(...pools) > report.seen.packets / 3, 'pool');

  const stored = await sfcapd.stop();
  assert.equal(stored.length, report.sflow.flowSamples);
  assert.ok(stored.every((flow) => flow.packets === RATE));
  // nfdump multiplies frame_length, which has the 4 bytes of FCS, by the rate.
  const storedBytes = stored.reduce((sum, flow) => sum + flow.bytes - 4 * RATE, 0);
  assert.ok(
    Math.abs(storedBytes - report.clickhouse.bytes) <= report.selected * RATE,
    `${storedBytes} of sfcapd, ${JSON.stringify(report)}`,
  );
  const services = new Set(stored.map((flow) => `${flow.protocol}/${Math.min(flow.sourcePort, flow.destinationPort)}`));
  for (const service of ['6/443', '6/8080', '17/5004', '17/53']) assert.ok(services.has(service), service);
  assert.ok(
    stored.some((flow) => flow.vlan === 100),
    'the VLAN of a tagged packet',
  );
  assert.ok(
    stored.some((flow) => flow.sourceAddress.startsWith('2001:db8:')),
    'IPv6',
  );

  // sfacctd 1.7.7 passes over frames with an 802.1ad tag (docs/reference/sflow.md).
  const doubleTagged = all('ieee8021ad.id').length;
  const printed = await sfacctd.stop();
  const printedSamples = printed.reduce((sum, flow) => sum + flow.packets, 0);
  assert.equal(printedSamples, report.sflow.flowSamples - doubleTagged);
  assert.equal(
    (await sfacctd.counters()).filter((entry) => entry.sf_cnt_type === 'sflow_cnt_generic').length,
    report.sflow.counterSamples,
  );
});
