// Interfaces that come, go, are renamed, moved and made anew, while packets pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ip } from '@tcxflow/lab/netns.ts';
import { listPrograms, openCapture } from 'libbpf-ts/capture.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { findLink, makeLinkPair, NEAR_MAC, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';
import { until } from '../support/until.ts';
import { watchNamespace } from '../support/watch-namespace.ts';

const skip = needsRoot();
/** Long enough for the watch, which looks ten times a second, to have said anything that it should not. */
const A_WHILE_MS = 1000;

const frame = plainFrame(100);

function send(netns: string, ifName: string, count: number): void {
  const socket = openPacketSocket(ifName, netns);
  for (let sent = 0; sent < count; ) if (socket.send(frame)) sent++;
  socket.close();
}

const addPair = (near: string, far: string, name: string, index: number) =>
  ip('-n', near, 'link', 'add', name, 'index', String(index), 'type', 'veth', 'peer', 'name', name, 'netns', far);
/** Until the kernel itself has programs at both hooks, or none. */
const untilHooked = (netns: string, name: string, wanted = true) =>
  until(`${wanted} that ${name} has programs`, () =>
    (['ingress', 'egress'] as const).every(
      (direction) => listPrograms(findLink(netns, name).ifIndex, direction, netns).length > 0 === wanted,
    ),
  );
async function up(name: string, ...namespaces: string[]): Promise<void> {
  for (const netns of namespaces) await ip('-n', netns, 'link', 'set', name, 'up');
}

test('an interface that comes is sampled, and the others are left alone', { skip }, async (t) => {
  const { near, far } = await makeLinkPair(t);
  const watched = await watchNamespace(t, near, { match: 'eth*' });
  await addPair(near, far, 'eth1', 77);
  await up('eth1', near, far);
  await untilHooked(near, 'eth1');
  await watched.namespace.settled();
  send(far, 'eth0', 20);
  send(far, 'eth1', 30);
  assert.deepEqual(await watched.samples(), { eth0: 20, eth1: 30 });
});

test('an interface that was deleted and made again with the same index is sampled again, its numbers going on', {
  skip,
}, async (t) => {
  const { near, far } = await makeLinkPair(t);
  await addPair(near, far, 'eth1', 77);
  await up('eth1', near, far);
  const watched = await watchNamespace(t, near, { match: 'eth*' });
  send(far, 'eth1', 10);
  await watched.samples();
  // At once: when the watch looks, the new one is there already.
  await ip('-n', near, 'link', 'delete', 'eth1');
  await addPair(near, far, 'eth1', 77);
  await up('eth1', near, far);
  await untilHooked(near, 'eth1');
  await watched.namespace.settled();
  send(far, 'eth1', 7);
  assert.deepEqual(await watched.samples(), { eth1: 7 });
  const entry = watched.namespace.sampled().find(({ link }) => link.name === 'eth1');
  assert.equal(entry?.attachment.counters('ingress').selected, 17);
});

test('a renamed interface goes on under its new name, or ends when no rule matches that', { skip }, async (t) => {
  const { near, far } = await makeLinkPair(t);
  const watched = await watchNamespace(t, near, { match: 'eth*' });
  const rename = (from: string, to: string) => ip('-n', near, 'link', 'set', from, 'name', to);
  await rename('eth0', 'ethX');
  await until('its new name is told', () => watched.metadata.at(-1)?.name === 'ethX');
  await up('ethX', near);
  send(far, 'eth0', 5);
  assert.deepEqual(await watched.samples(), { ethX: 5 });
  await rename('ethX', 'other');
  await untilHooked(near, 'other', false);
  send(far, 'eth0', 5);
  assert.deepEqual(await watched.samples(), {});
});

test('an interface that is moved to another namespace is let go of', { skip }, async (t) => {
  const { near, far } = await makeLinkPair(t);
  const other = await makeLinkPair(t);
  await addPair(near, far, 'eth1', 77);
  await up('eth1', near, far);
  const watched = await watchNamespace(t, near, { match: 'eth*' });
  await ip('-n', near, 'link', 'set', 'eth1', 'netns', other.near);
  await until('it is told as removed', () => watched.metadata.some(({ removed }) => removed));
  await watched.namespace.settled();
  await up('eth1', other.near);
  send(far, 'eth1', 9);
  assert.deepEqual(await watched.samples(), {});
  assert.deepEqual(listPrograms(findLink(other.near, 'eth1').ifIndex, 'ingress', other.near), []);
  assert.deepEqual(
    watched.metadata.filter(({ removed }) => removed).map(({ name }) => name),
    ['eth1'],
  );
});

test('each change is told as metadata, with what is now', { skip }, async (t) => {
  const { near, link } = await makeLinkPair(t);
  const watched = await watchNamespace(t, near, { match: 'eth*' });
  const first = watched.metadata.find(({ name }) => name === 'eth0');
  assert.partialDeepStrictEqual(first, { ifIndex: link.ifIndex, kind: 'veth', mac: NEAR_MAC, mtu: 1500, netns: near });
  assert.partialDeepStrictEqual(first, { adminUp: true, operUp: true, removed: false, ingressRate: 1, egressRate: 1 });
  watched.metadata.length = 0;
  await ip('-n', near, 'address', 'add', '192.0.2.1/24', 'dev', 'eth0');
  await ip('-n', near, 'link', 'set', 'eth0', 'mtu', '1400', 'alias', 'uplink');
  await until('the new address and alias are told', () => {
    const last = watched.metadata.at(-1);
    return last?.alias === 'uplink' && last.addresses.length > 0;
  });
  const address = { address: Buffer.from('00000000000000000000ffffc0000201', 'hex'), prefixBits: 24 };
  assert.partialDeepStrictEqual(watched.metadata.at(-1), {
    name: 'eth0',
    alias: 'uplink',
    mtu: 1400,
    addresses: [address],
  });
  watched.metadata.length = 0;
  await ip('-n', near, 'link', 'set', 'eth0', 'down');
  await until('it is told as down', () => watched.metadata.at(-1)?.operUp === false);
  assert.partialDeepStrictEqual(watched.metadata.at(-1), { name: 'eth0', adminUp: false, operUp: false });
  watched.metadata.length = 0;
  await sleep(A_WHILE_MS);
  assert.deepEqual(watched.metadata, [], 'nothing is told twice');
});

test('rules that change at run time count at once; rates change without a new attachment', { skip }, async (t) => {
  const { near, far } = await makeLinkPair(t);
  const watched = await watchNamespace(t, near, { match: 'eth*', rate: 1000 });
  const attached = () => listPrograms(findLink(near, 'eth0').ifIndex, 'ingress', near).map(({ id }) => id);
  const before = attached();
  const settled = watched.setRules({ match: 'eth*', rate: 1 });
  send(far, 'eth0', 500);
  assert.deepEqual(await watched.samples(), { eth0: 500 });
  assert.deepEqual(attached(), before);
  await settled;
  await watched.setRules({ match: 'eth*', sample: false });
  assert.deepEqual(attached(), []);
  await watched.setRules({ match: 'eth*', rate: 1, directions: ['egress'] });
  send(far, 'eth0', 50);
  send(near, 'eth0', 60);
  assert.deepEqual(await watched.samples(), { eth0: 60 });
});

test('each direction may have a rate of its own', { skip }, async (t) => {
  const { near, far } = await makeLinkPair(t);
  const watched = await watchNamespace(
    t,
    near,
    { directions: ['ingress'], rate: 1 },
    { directions: ['egress'], rate: 1_000_000 },
  );
  send(far, 'eth0', 300);
  send(near, 'eth0', 300);
  assert.deepEqual(await watched.samples(), { eth0: 300 });
});

test('a program takes its place at the head, at the tail, before or after another', { skip }, async (t) => {
  const { near, link } = await makeLinkPair(t);
  const open = () => {
    const capture = openCapture({ netns: near, onBatch: () => undefined });
    t.after(() => capture.close());
    return capture;
  };
  const sampling = { rate: 1, headerBytes: 64, directions: ['ingress'] as const };
  const programs = () => listPrograms(link.ifIndex, 'ingress', near);
  open().attach(link.ifIndex, sampling);
  const [first] = programs();
  assert.equal(first?.name, 'sample_ingress');
  open().attach(link.ifIndex, { ...sampling, order: 'tail' });
  assert.equal(programs()[0]?.id, first?.id);
  const last = programs()[1];
  open().attach(link.ifIndex, { ...sampling, order: 'head' });
  assert.deepEqual(programs().slice(1), [first, last]);
  open().attach(link.ifIndex, { ...sampling, order: { after: 'nobody' } });
  assert.equal(programs().length, 4);
  assert.deepEqual(programs().slice(1, 3), [first, last], 'whom to stand behind is not there: at the tail');
});

test('traffic of this host with an own endpoint is no sample, in either direction; other traffic is', {
  skip,
}, async (t) => {
  const { near, far, link } = await makeLinkPair(t);
  const capture = openCapture({ netns: near, onBatch: () => undefined });
  t.after(() => capture.close());
  const sampling = { rate: 1, headerBytes: 64, directions: ['ingress', 'egress'] as const, skipOwn: true };
  const attachment = capture.attach(link.ifIndex, sampling);
  const address = (last: number) =>
    Buffer.from(`00000000000000000000ffffc00002${last.toString(16).padStart(2, '0')}`, 'hex');
  // The frame goes from port 40,000 of .2 to port 9 of .1.
  capture.setOwn([{ address: address(2), port: 40_000, protocol: 'udp' }], [address(1)]);
  send(far, 'eth0', 10);
  const ingress = attachment.counters('ingress');
  assert.deepEqual([ingress.packets, ingress.selected, ingress.ownSelected], [10, 0, 10]);
  // The same frame going out: its destination is no own endpoint.
  send(near, 'eth0', 10);
  assert.deepEqual([attachment.counters('egress').selected, attachment.counters('egress').ownSelected], [10, 0]);
  capture.setOwn([{ address: address(1), port: 9, protocol: 'udp' }], [address(2)]);
  send(near, 'eth0', 10);
  assert.deepEqual([attachment.counters('egress').selected, attachment.counters('egress').ownSelected], [10, 10]);
  // Forwarded for somebody else: neither end is this host.
  capture.setOwn([{ address: address(2), port: 40_000, protocol: 'udp' }], [address(7)]);
  send(far, 'eth0', 10);
  assert.equal(attachment.counters('ingress').selected, 10);
  capture.setOwn([], []);
  send(far, 'eth0', 10);
  assert.equal(attachment.counters('ingress').selected, 20);
});
