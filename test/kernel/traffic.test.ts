// The sampler on real sockets' traffic: segmentation offload, routing, devices without Ethernet, marks.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLab, removeStaleLabs } from '@tcxflow/lab/lab.ts';
import { inNetns, ip } from '@tcxflow/lab/netns.ts';
import { openCapture, type SamplingOptions } from 'libbpf-ts/capture.ts';
import { listLinks } from 'libbpf-ts/links.ts';
import { FLAG_L3, forEachRecord, Record } from 'libbpf-ts/record.ts';
import { findLink, makeLinkPair } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();

/** Runs the lab for a while at this rate. @returns the programs' counters, the estimate from samples, and the truth */
async function runLab(test: TestContext, options: { offloads: boolean; rate: number }) {
  await removeStaleLabs();
  const lab = await createLab(options);
  test.after(() => lab.remove());
  const estimate = { packets: 0, bytes: 0, packetsVariance: 0, bytesVariance: 0 };
  const capture = openCapture({
    netns: lab.netns,
    onBatch: (batch) =>
      forEachRecord(batch, (at) => {
        const count = batch.readUInt32LE(at + Record.SAMPLE_COUNT);
        const length = batch.readUInt32LE(at + Record.WIRE_BYTES) / batch.readUInt32LE(at + Record.SEGMENTS);
        estimate.packets += options.rate * count;
        estimate.bytes += options.rate * count * length;
        estimate.packetsVariance += options.rate * (options.rate - 1) * count;
        estimate.bytesVariance += options.rate * (options.rate - 1) * count * length * length;
      }),
  });
  test.after(() => capture.close());
  const sampling: SamplingOptions = {
    rate: options.rate,
    headerBytes: 128,
    directions: ['ingress', 'egress'],
    fib: true,
  };
  const attachments = listLinks(lab.netns)
    .filter((link) => link.name.startsWith('eth'))
    .map((link) => capture.attach(link.ifIndex, sampling));
  const before = await lab.truth();
  await lab.startTraffic();
  await sleep(2000);
  await lab.stopTraffic();
  await capture.flush();
  const after = await lab.truth();
  const counters = attachments.flatMap((entry) => [entry.counters('ingress'), entry.counters('egress')]);
  const sum = (field: 'packets' | 'bytes' | 'buffers' | 'ringFull') =>
    counters.reduce((total, entry) => total + entry[field], 0);
  return {
    seen: { packets: sum('packets'), bytes: sum('bytes') },
    buffers: sum('buffers'),
    ringFull: sum('ringFull'),
    estimate,
    truth: { packets: after.packets - before.packets, bytes: after.bytes - before.bytes },
  };
}

for (const offloads of [true, false])
  test(`with offloads ${offloads ? 'on' : 'off'}, wire packets and bytes equal what IP counted`, {
    skip,
  }, async (t) => {
    const result = await runLab(t, { offloads, rate: 1 });
    assert.deepEqual(result.seen, result.truth);
    assert.equal(result.ringFull, 0);
    assert.equal(result.estimate.packets, result.truth.packets);
    assert.ok(Math.abs(result.estimate.bytes - result.truth.bytes) < 1, 'bytes from samples');
    // Else the test would prove nothing: super-packets must have been there.
    if (offloads) assert.ok(result.buffers < result.truth.packets / 2, `${result.buffers} buffers`);
  });

for (const offloads of [true, false])
  test(`with offloads ${offloads ? 'on' : 'off'}, the estimate at 1:10 agrees with the truth`, { skip }, async (t) => {
    const { estimate, truth } = await runLab(t, { offloads, rate: 10 });
    // 4.4 standard deviations: one false alarm in 100,000 runs.
    const margin = (variance: number) => 4.4 * Math.sqrt(variance);
    assert.ok(
      Math.abs(estimate.packets - truth.packets) <= margin(estimate.packetsVariance),
      `${estimate.packets} / ${truth.packets}`,
    );
    assert.ok(
      Math.abs(estimate.bytes - truth.bytes) <= margin(estimate.bytesVariance),
      `${estimate.bytes} / ${truth.bytes}`,
    );
  });

test('a forwarded packet tells where it is routed to, and where it came from', { skip }, async (t) => {
  await removeStaleLabs();
  const lab = await createLab();
  t.after(() => lab.remove());
  await inNetns(lab.netns, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  const clients = (await ip('netns', 'list')).match(/tcxflow-lab-\d+-client-[bc]/g)?.sort() ?? [];
  await ip('-n', clients[0] ?? '', 'route', 'add', 'default', 'via', '192.0.2.1');
  await ip('-n', clients[1] ?? '', 'route', 'add', 'default', 'via', '198.51.100.1');
  const [eth0, eth1] = [findLink(lab.netns, 'eth0'), findLink(lab.netns, 'eth1')];
  const seen: { ifIndex: number; direction: number; input: number; output: number }[] = [];
  const capture = openCapture({
    netns: lab.netns,
    onBatch: (batch) =>
      forEachRecord(batch, (at) => {
        seen.push({
          ifIndex: batch.readUInt32LE(at + Record.IFINDEX),
          direction: batch.readUInt8(at + Record.DIRECTION),
          input: batch.readUInt32LE(at + Record.INPUT_IFINDEX),
          output: batch.readUInt32LE(at + Record.OUTPUT_IFINDEX),
        });
      }),
  });
  t.after(() => capture.close());
  for (const link of [eth0, eth1])
    capture.attach(link.ifIndex, { rate: 1, headerBytes: 64, directions: ['ingress', 'egress'], fib: true });
  await inNetns(clients[0] ?? '', 'ping', '-q', '-c', '1', '-W', '2', '198.51.100.2');
  await capture.flush();
  const request = seen.find((entry) => entry.ifIndex === eth0.ifIndex && entry.direction === 0);
  assert.equal(request?.output, eth1.ifIndex);
  const forwarded = seen.find((entry) => entry.ifIndex === eth1.ifIndex && entry.direction === 1);
  assert.equal(forwarded?.input, eth0.ifIndex);
});

test('on a device without Ethernet the header starts at IP', { skip }, async (t) => {
  const { near } = await makeLinkPair(t);
  await ip('-n', near, 'tuntap', 'add', 'dev', 'tun0', 'mode', 'tun');
  await ip('-n', near, 'address', 'add', '192.0.2.1/24', 'dev', 'tun0');
  await ip('-n', near, 'link', 'set', 'tun0', 'up');
  const headers: Buffer[] = [];
  const flags: number[] = [];
  const capture = openCapture({
    netns: near,
    onBatch: (batch) =>
      forEachRecord(batch, (at) => {
        flags.push(batch.readUInt8(at + Record.FLAGS));
        headers.push(Buffer.from(batch.subarray(at + Record.HEADER, at + Record.HEADER + 20)));
      }),
  });
  t.after(() => capture.close());
  const link = findLink(near, 'tun0');
  const attachment = capture.attach(link.ifIndex, { rate: 1, headerBytes: 64, directions: ['egress'], l3: true });
  // Nobody answers; what counts is that the request went out.
  await inNetns(near, 'ping', '-q', '-c', '1', '-W', '1', '192.0.2.9').catch(() => '');
  await capture.flush();
  assert.equal(headers[0]?.readUInt8(0), 0x45);
  assert.equal(headers[0]?.toString('hex', 12, 20), 'c0000201c0000209');
  assert.equal(flags[0], FLAG_L3);
  assert.equal(attachment.counters('egress').bytes, 84);
});

test('marked traffic is our own: counted apart, not sampled, not in the pool', { skip }, async (t) => {
  const { near, link } = await makeLinkPair(t);
  await ip('-n', near, 'address', 'add', '192.0.2.1/24', 'dev', 'eth0');
  await ip(
    '-n',
    near,
    'neighbour',
    'add',
    '192.0.2.2',
    'lladdr',
    '02:00:00:00:00:02',
    'dev',
    'eth0',
    'nud',
    'permanent',
  );
  const rules =
    'table ip t {\n chain out {\n type route hook output priority 0\n icmp type echo-request meta mark set 77\n }\n}\n';
  execFileSync('ip', ['netns', 'exec', near, 'nft', '-f', '-'], { input: rules });
  const capture = openCapture({ netns: near, onBatch: () => undefined });
  t.after(() => capture.close());
  const attachment = capture.attach(link.ifIndex, { rate: 1, headerBytes: 64, directions: ['egress'], ownMark: 77 });
  await inNetns(near, 'ping', '-q', '-c', '3', '-i', '0.1', '-W', '1', '192.0.2.2').catch(() => '');
  const counters = attachment.counters('egress');
  assert.deepEqual(
    { own: counters.own, packets: counters.packets, selected: counters.selected },
    { own: 3, packets: 0, selected: 0 },
  );
});
