// Network namespaces that come and go while capture runs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createBatchBuilder } from '@tcxflow/capture/batch-builder.ts';
import { captureSection, numberedRules } from '@tcxflow/capture/config.ts';
import { createNamespaceSet } from '@tcxflow/capture/namespace-set.ts';
import { createPointList } from '@tcxflow/capture/point-list.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { inNetns, ip, netnsName } from '@tcxflow/lab/netns.ts';
import type { InterfaceMetadata, SampleBatch } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { listLinks, readClockOffset } from 'libbpf-ts/links.ts';
import { listNamespaces } from 'libbpf-ts/namespaces.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';
import { until } from '../support/until.ts';

const skip = needsRoot();
const nameOf = (role: string) => netnsName('tcxflow-test', role);

interface Sample {
  source: string;
  ifIndex: number;
  sequence: number;
}

function watch(t: TestContext, given: object[], folders?: string[]) {
  const batches: SampleBatch[] = [];
  const metadata: InterfaceMetadata[] = [];
  const said: object[] = [];
  const log = { ...quietLog, info: (fields: object) => said.push(fields) } as unknown as Logger;
  const identity = { agent: 'test', agentAddress: Buffer.alloc(16), bootId: Buffer.alloc(16) };
  const emit = (message: Buffer) => batches.push(sampleBatchCodec.decode(message));
  const builder = createBatchBuilder({ identity, batchSamples: 512, readClock: readClockOffset, emit });
  const points = createPointList();
  const parse = (rules: object[]) =>
    captureSection.parse({ interfaces: rules.map((rule) => ({ rate: 1, match: 'eth*', ...rule })) });
  const config = parse(given);
  const set = createNamespaceSet({
    config,
    builder,
    points,
    onMetadata: (news) => metadata.push(...news),
    log,
    ...(folders ? { folders } : {}),
  });
  set.open(numberedRules(config));
  const timer = setInterval(() => {
    set.follow();
    for (const namespace of set.all()) namespace.follow();
  }, 100);
  t.after(async () => {
    clearInterval(timer);
    for (const namespace of set.all()) await namespace.detach();
    await set.settled();
    set.close();
  });
  return {
    set,
    metadata,
    points,
    setRules: (...rules: object[]) => set.setRules(numberedRules(parse(rules))),
    /** Resolves when each is sampled, or gone, as it should be. */
    async settle(wanted: Record<string, boolean>) {
      const isSampled = (name: string) =>
        set.all().some(({ netns, sampled }) => netns === name && sampled().some(({ link }) => link.name === 'eth0'));
      const what = `sampled: ${JSON.stringify(wanted)}`;
      await until(what, () => Object.entries(wanted).every(([name, is]) => isSampled(name) === is));
      await set.settled();
    },
    waitingFor: () => said.filter((fields) => Object.keys(fields).join() === 'netns').map((fields) => fields),
    async samples(): Promise<Sample[]> {
      await Promise.all(set.all().map(({ capture }) => capture.flush()));
      builder.flush();
      return batches.splice(0).flatMap(({ sources, samples }) =>
        samples.map(({ source, sequence }) => {
          const { ifName = '', ifIndex = 0 } = sources[source] ?? {};
          return { source: ifName, ifIndex, sequence };
        }),
      );
    },
  };
}

/** Without IPv6 the kernel itself sends nothing. */
async function addQuiet(name: string): Promise<void> {
  await ip('netns', 'add', name);
  await inNetns(name, 'sh', '-c', 'for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done');
}

/** A namespace like a container's: its eth0 is one end of a veth whose other end is in `far`. */
async function addContainer(
  t: TestContext,
  far: string,
  role: string,
  index = 5,
): Promise<{ name: string; peer: string }> {
  const name = nameOf(role);
  const peer = `to-${role}`;
  await addQuiet(name);
  t.after(() => ip('netns', 'delete', name).catch(() => ''));
  const ends = ['eth0', 'index', String(index), 'type', 'veth', 'peer', 'name', peer, 'netns', far];
  await ip('-n', name, 'link', 'add', ...ends);
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  await ip('-n', far, 'link', 'set', peer, 'up');
  return { name, peer };
}

function send(netns: string, ifName: string, count: number): void {
  const socket = openPacketSocket(ifName, netns);
  for (let sent = 0; sent < count; ) if (socket.send(plainFrame(60))) sent++;
  socket.close();
}

function countBySource(samples: Sample[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { source } of samples) counts[source] = (counts[source] ?? 0) + 1;
  return counts;
}

test('a pattern samples the namespaces that are there and those that come', {
  skip,
}, async (t) => {
  const { far } = await makeLinkPair(t);
  const one = await addContainer(t, far, 'c1');
  const watched = watch(t, [{ netns: nameOf('c*') }]);
  await watched.settle({ [one.name]: true });
  const other = await addContainer(t, far, 'other');
  const two = await addContainer(t, far, 'c2');
  await watched.settle({ [two.name]: true });
  send(far, one.peer, 3);
  send(far, two.peer, 4);
  send(far, other.peer, 5);
  const samples = await watched.samples();
  const [first, second] = [`${one.name}/eth0`, `${two.name}/eth0`];
  const sources = countBySource(samples.filter(({ source }) => source.endsWith('/eth0')));
  assert.deepEqual(sources, { [first]: 3, [second]: 4 });
  // Both have index 5 in their own namespace.
  const indexes = new Set(samples.map(({ ifIndex }) => ifIndex));
  assert.deepEqual(
    [...indexes].map((ifIndex) => ifIndex % 1_000_000),
    [5, 5],
  );
});

test('a namespace that is deleted really goes away, and its interfaces are told as removed', { skip }, async (t) => {
  const { far } = await makeLinkPair(t);
  const { name, peer } = await addContainer(t, far, 'c1');
  const watched = watch(t, [{ netns: nameOf('c*') }]);
  await watched.settle({ [name]: true });
  send(far, peer, 6);
  await ip('netns', 'delete', name);
  await watched.settle({ [name]: false });
  // Freeing a namespace frees its veth, and with it the other end.
  await until('the other end is gone', () => !listLinks(far).some((link) => link.name === peer));
  assert.deepEqual(countBySource(await watched.samples()), { [`${name}/eth0`]: 6 });
  assert.deepEqual(watched.set.all(), []);
  const removed = watched.metadata.filter((entry) => entry.removed).map((entry) => entry.name);
  assert.deepEqual(removed.sort(), ['eth0', 'lo']);
  const last = watched.points.all().map((point) => point.read());
  assert.deepEqual(
    last.map(({ direction, selected }) => [direction, selected]),
    [
      ['ingress', 6],
      ['egress', 0],
    ],
  );
});

test('a namespace made again under its name is another one; its interfaces have their numbers still', {
  skip,
}, async (t) => {
  const { far } = await makeLinkPair(t);
  const { name, peer } = await addContainer(t, far, 'c1');
  const watched = watch(t, [{ netns: nameOf('c*') }]);
  await watched.settle({ [name]: true });
  send(far, peer, 6);
  const [before] = await watched.samples();
  // Faster than we look.
  await ip('netns', 'delete', name);
  await addQuiet(name);
  await watched.settle({ [name]: false });
  const again = ['eth0', 'index', '5', 'type', 'veth', 'peer', 'name', 'to-again', 'netns', far];
  await ip('-n', name, 'link', 'add', ...again);
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  await ip('-n', far, 'link', 'set', 'to-again', 'up');
  await watched.settle({ [name]: true });
  send(far, 'to-again', 2);
  const after = (await watched.samples()).filter(({ source }) => source.endsWith('/eth0'));
  assert.deepEqual(
    after.map(({ ifIndex, sequence }) => [ifIndex, sequence]),
    [
      [before?.ifIndex, 7],
      [before?.ifIndex, 8],
    ],
  );
});

test('a namespace that is not there is waited for, which is said once', { skip }, async (t) => {
  const { far } = await makeLinkPair(t);
  const watched = watch(t, [{ netns: nameOf('late') }]);
  await until('it says that it waits', () => watched.waitingFor().length > 0);
  const { name, peer } = await addContainer(t, far, 'late');
  await watched.settle({ [name]: true });
  assert.deepEqual(watched.waitingFor(), [{ netns: nameOf('late') }]);
  send(far, peer, 2);
  const samples = await watched.samples();
  assert.equal(samples.length, 2);
  // The only namespace that a rule names has indexes and names as the kernel has them.
  assert.deepEqual(samples[0], { source: 'eth0', ifIndex: 5, sequence: 1 });
  assert.equal(watched.set.all()[0]?.netns, name);
});

test('rules that are read again may name further namespaces, and leave others out', { skip }, async (t) => {
  const { far } = await makeLinkPair(t);
  const one = await addContainer(t, far, 'c1');
  const two = await addContainer(t, far, 'c2');
  const watched = watch(t, [{ netns: one.name }]);
  await watched.settle({ [one.name]: true });
  watched.setRules({ netns: two.name });
  await watched.settle({ [one.name]: false, [two.name]: true });
  send(far, one.peer, 3);
  send(far, two.peer, 4);
  assert.deepEqual(countBySource(await watched.samples()), { [`${two.name}/eth0`]: 4 });
});

test('a folder like Docker’s is looked through as well; what is no namespace yet is passed over', {
  skip,
}, async (t) => {
  const { near } = await makeLinkPair(t);
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-netns-'));
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'not-yet'), '');
  writeFileSync(join(folder, '3fa4c1'), '');
  execFileSync('mount', ['--bind', `/run/netns/${near}`, join(folder, '3fa4c1')]);
  t.after(() => {
    execFileSync('umount', ['--lazy', join(folder, '3fa4c1')]);
    rmSync(folder, { recursive: true });
  });
  assert.deepEqual(
    listNamespaces([folder, '/nowhere']).map(({ name }) => name),
    ['3fa4c1'],
  );
  const watched = watch(t, [{ netns: '3f*' }], [folder]);
  await watched.settle({ '3fa4c1': true });
  assert.equal(watched.set.all().length, 1);
});

test('namespaces come and go by the dozen, and nothing of them is left', { skip }, async (t) => {
  const { far } = await makeLinkPair(t);
  const watched = watch(t, [{ netns: nameOf('many*') }]);
  const descriptors = () => execFileSync('ls', [`/proc/${process.pid}/fd`], { encoding: 'utf8' }).split('\n').length;
  const before = descriptors();
  for (let round = 0; round < 3; round++) {
    const all = [];
    for (let index = 0; index < 8; index++) all.push(await addContainer(t, far, `many${round}x${index}`));
    await watched.settle(Object.fromEntries(all.map(({ name }) => [name, true])));
    for (const { peer } of all) send(far, peer, 1);
    for (const { name } of all) await ip('netns', 'delete', name);
    await watched.settle(Object.fromEntries(all.map(({ name }) => [name, false])));
    assert.equal(countBySource(await watched.samples())[`${all[7]?.name}/eth0`], 1);
    assert.equal(watched.set.all().length, 0);
  }
  await until(`no more than the ${before} descriptors before`, () => descriptors() <= before + 2);
});
