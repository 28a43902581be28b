// Dropped packets, made in namespaces of their own and told apart by them: the tracepoint sees those of the whole host. The
// kernel's own counters are the truth.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDropBatchBuilder } from '@tcxflow/capture/drops/drop-batch.ts';
import { inNetns, ip } from '@tcxflow/lab/netns.ts';
import type { Drop } from '@tcxflow/schemas/generated.ts';
import { dropBatchCodec } from '@tcxflow/schemas/topics.ts';
import { DROP_SLOTS } from 'libbpf-ts/drop-record.ts';
import { type DropsOptions, openDrops } from 'libbpf-ts/drops.ts';
import { readClockOffset } from 'libbpf-ts/links.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { type LinkPair, makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
/** More than any test makes, but a flood that others make on this host must not fill the ring. */
const PLENTY = 20_000;

type NamedDrop = Omit<Drop, 'reason'> & { reason: string };

/** Watches until finish(), which gives the drops of a namespace and the counters of the host. */
function watchDrops(t: TestContext, options: Partial<DropsOptions> = {}) {
  const seen: NamedDrop[] = [];
  const drops = openDrops({
    rate: 1,
    maxPerSecond: PLENTY,
    ringBytes: 16 << 20,
    onBatch: (records) => builder.add(records),
    ...options,
  });
  t.after(() => drops.close());
  const builder = createDropBatchBuilder({
    identity: { agent: 'a', agentAddress: Buffer.alloc(16), bootId: Buffer.alloc(16) },
    batchDrops: 1000,
    readClock: readClockOffset,
    readReason: (slot) => ({ name: drops.reasonName(slot), number: slot, ...drops.counters(slot) }),
    readMissed: drops.missed,
    emit(message) {
      const batch = dropBatchCodec.decode(message);
      for (const drop of batch.drops) seen.push({ ...drop, reason: batch.reasons[drop.reason]?.name ?? '' });
    },
  });
  return {
    drops,
    async finish(netns: string) {
      drops.detach();
      await drops.flush();
      builder.flush();
      assert.equal(drops.missed(), 0);
      const { ino } = statSync(`/run/netns/${netns}`);
      const slotOf = (reason: string) =>
        Array.from({ length: DROP_SLOTS }, (_, slot) => slot).find((slot) => drops.reasonName(slot) === reason) ?? -1;
      return {
        here: (reason: string) => seen.filter((drop) => drop.netns === ino && drop.reason === reason),
        everywhere: (reason: string) => seen.filter((drop) => drop.reason === reason),
        counters: (reason: string) => drops.counters(slotOf(reason)),
      };
    },
  };
}

/** Gives the near side its address, so that it takes the frames for its own. */
async function makeHost(t: TestContext): Promise<LinkPair> {
  const pair = await makeLinkPair(t);
  await ip('-n', pair.near, 'address', 'add', '192.0.2.1/24', 'dev', 'eth0');
  return pair;
}

function send(netns: string, frame: Buffer, count: number): void {
  const socket = openPacketSocket('eth0', netns);
  for (let sent = 0; sent < count; ) if (socket.send(frame)) sent++;
  socket.close();
}

/** A counter of /proc/net/snmp or netstat. */
async function mib(netns: string, group: string, name: string): Promise<number> {
  const lines = (await inNetns(netns, 'cat', '/proc/net/snmp', '/proc/net/netstat')).split('\n');
  const [names, values] = lines.filter((line) => line.startsWith(`${group}: `)).map((line) => line.split(' '));
  return Number(values?.[names?.indexOf(name) ?? -1]);
}

/** The frame with other bytes of the IPv4 header, and its checksum. */
function withHeader(frame: Buffer, { ttl = 64, to = '192.0.2.1' }): Buffer {
  const changed = Buffer.from(frame);
  changed.writeUInt8(ttl, 14 + 8);
  Buffer.from(to.split('.').map(Number)).copy(changed, 14 + 16);
  changed.writeUInt16BE(0, 14 + 10);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += changed.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  changed.writeUInt16BE(~sum & 0xffff, 14 + 10);
  return changed;
}

test('UDP to a closed port is dropped for NO_SOCKET, as often as the kernel counts it, with the bytes that came', {
  skip,
}, async (t) => {
  const { near, far, link } = await makeHost(t);
  const watch = watchDrops(t);
  const frame = plainFrame(300);
  send(far, frame, 50);
  const result = await watch.finish(near);
  const drops = result.here('NO_SOCKET');
  assert.equal(drops.length, 50);
  assert.equal(drops.length, await mib(near, 'Udp', 'NoPorts'));
  assert.ok(result.counters('NO_SOCKET').buffers >= 50);
  for (const drop of drops) {
    assert.deepEqual(drop.header, frame.subarray(0, 128));
    assert.partialDeepStrictEqual(drop, {
      samplingRate: 1,
      ifIndex: link.ifIndex,
      ifName: 'eth0',
      inputIfIndex: link.ifIndex,
      linkType: 'ethernet',
      etherType: 0x0800,
      segments: 1,
      bytes: frame.length,
    });
  }
});

test('a router’s drops have their reasons: time to live, no route', { skip }, async (t) => {
  const { near, far } = await makeHost(t);
  await inNetns(near, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  const watch = watchDrops(t);
  send(far, withHeader(plainFrame(20), { ttl: 1, to: '192.0.2.99' }), 7);
  send(far, withHeader(plainFrame(20), { to: '198.51.100.9' }), 5);
  const result = await watch.finish(near);
  assert.equal(result.here('IP_INHDR').length, 7);
  assert.equal(await mib(near, 'Ip', 'InHdrErrors'), 7);
  assert.equal(result.here('IP_INNOROUTES').length, 5);
  assert.equal(await mib(near, 'IpExt', 'InNoRoutes'), 5);
});

test('what netfilter drops on its way out has no interface yet: the header starts at IP, the socket tells the namespace', {
  skip,
}, async (t) => {
  const { near } = await makeHost(t);
  const rule =
    'add table ip t; add chain ip t out { type filter hook output priority 0; }; add rule ip t out counter drop';
  await inNetns(near, 'nft', rule);
  const watch = watchDrops(t);
  await inNetns(near, 'ping', '-q', '-c', '3', '-i', '0.1', '-W', '1', '192.0.2.2').catch(() => '');
  const drops = (await watch.finish(near)).here('NETFILTER_DROP');
  assert.match(await inNetns(near, 'nft', 'list ruleset'), /counter packets 3 bytes 252 drop/);
  assert.equal(drops.length, 3);
  for (const drop of drops) {
    assert.partialDeepStrictEqual(drop, { ifIndex: 0, ifName: '', linkType: 'ip', bytes: 84, etherType: 0x0800 });
    assert.equal(drop.header.toString('hex', 12, 20), 'c0000201c0000202');
  }
});

test('a buffer with segmentation offload counts as its segments', { skip }, async (t) => {
  const { near, far } = await makeHost(t);
  await ip('-n', far, 'address', 'add', '192.0.2.2/24', 'dev', 'eth0');
  const run = (netns: string, script: string) => {
    const child = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', script]);
    t.after(() => child.kill('SIGKILL'));
    return once(child.stdout, 'data').then(() => child);
  };
  await run(far, `require('net').createServer().listen(9000, () => console.log('listens'))`);
  const client = await run(
    near,
    `const c = require('net').connect(9000, '192.0.2.2', () => console.log('is there'));
     process.stdin.once('data', () => c.write(Buffer.alloc(10000), () => console.log('sent')))`,
  );
  await inNetns(near, 'nft', 'add table ip t; add chain ip t out { type filter hook output priority 0; }');
  await inNetns(near, 'nft', 'add rule ip t out tcp dport 9000 counter drop');
  const watch = watchDrops(t);
  const sent = once(client.stdout, 'data');
  client.stdin.write('now');
  await sent;
  client.kill('SIGSTOP');
  const drops = (await watch.finish(near)).here('NETFILTER_DROP');
  assert.ok((drops[0]?.segments ?? 0) > 1, 'else it proves nothing');
  // 40 bytes of headers and 12 of options before the payload.
  for (const { bytes, segments } of drops) assert.equal(segments, Math.ceil((bytes - 52) / 1448));
});

test('a tag that the kernel took off is back in the header', { skip }, async (t) => {
  const { near, far } = await makeHost(t);
  const rule =
    'add table netdev t; add chain netdev t c { type filter hook ingress device eth0 priority 0; policy drop; }';
  await inNetns(near, 'nft', rule);
  const watch = watchDrops(t);
  const frame = plainFrame(60, [{ tpid: 0x8100, vlanId: 5, priority: 3 }]);
  send(far, frame, 4);
  const drops = (await watch.finish(near)).here('NETFILTER_DROP');
  assert.equal(drops.length, 4);
  for (const drop of drops) {
    assert.deepEqual(drop.header, frame.subarray(0, 128));
    assert.equal(drop.bytes, frame.length);
  }
});

test('a flood is held to its bound, and what is above is counted', { skip }, async (t) => {
  const { near, far } = await makeHost(t);
  const watch = watchDrops(t, { maxPerSecond: 10 });
  const startedAt = performance.now();
  send(far, plainFrame(20), 2000);
  const result = await watch.finish(near);
  const seconds = Math.ceil((performance.now() - startedAt) / 1000) + 1;
  const { buffers, selected, overBound, ringFull } = result.counters('NO_SOCKET');
  const received = result.everywhere('NO_SOCKET').length;
  assert.ok(received <= seconds * 10, `${received} in ${seconds} s`);
  assert.ok(buffers >= 2000);
  assert.deepEqual({ selected, ringFull }, { selected: buffers, ringFull: 0 });
  assert.equal(selected, received + overBound);
});

test('at 1:10 a tenth is chosen, each with its rate', { skip }, async (t) => {
  const { near, far } = await makeHost(t);
  const watch = watchDrops(t, { rate: 10 });
  send(far, plainFrame(20), 10_000);
  const drops = (await watch.finish(near)).here('NO_SOCKET');
  // 4.4 standard deviations: one false alarm in 100,000 runs.
  assert.ok(Math.abs(drops.length - 1000) < 4.4 * Math.sqrt(900), `${drops.length}`);
  assert.ok(drops.every((drop) => drop.samplingRate === 10));
});

test('a tiny ring loses drops but not the count', { skip }, async (t) => {
  const { near, far } = await makeHost(t);
  const watch = watchDrops(t, { ringBytes: 4096 });
  watch.drops.setPaused(true);
  send(far, plainFrame(20), 100);
  const result = await watch.finish(near);
  const { selected, ringFull, overBound } = result.counters('NO_SOCKET');
  assert.ok(ringFull >= 80, `${ringFull}`);
  assert.equal(selected, result.everywhere('NO_SOCKET').length + ringFull);
  assert.equal(overBound, 0);
});

test('header bytes can be few or none', { skip }, async (t) => {
  for (const headerBytes of [0, 42]) {
    const { near, far } = await makeHost(t);
    const watch = watchDrops(t, { headerBytes });
    const frame = plainFrame(100);
    send(far, frame, 1);
    const [drop] = (await watch.finish(near)).here('NO_SOCKET');
    assert.deepEqual(drop?.header, frame.subarray(0, headerBytes));
    assert.equal(drop?.bytes, frame.length);
  }
});

test('what programs of this host say to each other is counted apart, and its bytes are not taken', {
  skip,
}, async (t) => {
  const { near } = await makeLinkPair(t);
  const path = join(tmpdir(), `tcxflow-drops-${process.pid}.sock`);
  const server = createServer({ pauseOnConnect: true }).listen(path);
  t.after(() => server.close());
  await once(server, 'listening');
  const watch = watchDrops(t);
  const client = connect(path).on('error', () => undefined);
  const [accepted] = (await once(server, 'connection')) as [import('node:net').Socket];
  await new Promise<void>((resolve) => client.write('a secret', () => resolve()));
  // Closed with data that nobody has read: the kernel drops it.
  accepted.destroy();
  await new Promise((resolve) => client.on('close', resolve));
  await watch.finish(near);
  const local = watch.drops.slots().reduce((sum, slot) => sum + watch.drops.counters(slot).local, 0);
  assert.ok(local >= 1, `${local}`);
});

test('after detach nothing is counted any more', { skip }, async (t) => {
  const { near, far } = await makeHost(t);
  const watch = watchDrops(t);
  const result = await watch.finish(near);
  const before = result.counters('NO_SOCKET').buffers;
  send(far, plainFrame(20), 10);
  assert.equal(result.counters('NO_SOCKET').buffers, before);
});
