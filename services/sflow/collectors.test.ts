import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { on, once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { createCollectors } from './collectors.ts';
import { sflowSection } from './config.ts';
import { createSflowMetrics } from './metrics.ts';

async function receiver(t: TestContext): Promise<{ socket: Socket; address: string }> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  t.after(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, address: `127.0.0.1:${socket.address().port}` };
}

async function started(t: TestContext, addresses: (string | object)[]) {
  const metrics = createSflowMetrics(createMetrics('sflow'));
  const collectors = createCollectors(sflowSection.parse({ collectors: addresses }), metrics, quietLog);
  await collectors.start();
  t.after(() => collectors.stop(AbortSignal.abort()));
  const errors = async () => {
    const { values } = await metrics.sendErrors.get();
    return values.map(({ labels, value }) => [labels.collector, value]);
  };
  return { collectors, errors, metrics };
}

test('every collector receives every datagram, whole and in order', { timeout: 10_000 }, async (t) => {
  const receivers = [await receiver(t), await receiver(t)];
  const { collectors, errors } = await started(
    t,
    receivers.map(({ address }) => address),
  );
  const sent = [Buffer.alloc(1400, 1), Buffer.from('two'), Buffer.alloc(8192, 3)];
  const received = receivers.map(async ({ socket }) => {
    const datagrams: Buffer[] = [];
    for await (const [datagram] of on(socket, 'message')) if (datagrams.push(datagram) === sent.length) break;
    return datagrams;
  });
  for (const datagram of sent) collectors.send(0, datagram);
  await collectors.drained();
  assert.deepEqual(await Promise.all(received), [sent, sent]);
  assert.deepEqual(await errors(), []);
});

test('what the kernel does not take is counted for its collector, and sending goes on', async (t) => {
  const { socket, address } = await receiver(t);
  const { collectors, errors } = await started(t, [address]);
  collectors.send(0, Buffer.alloc(70_000)); // more than UDP can carry
  const arrived = once(socket, 'message');
  collectors.send(0, Buffer.from('next'));
  assert.deepEqual(String((await arrived)[0]), 'next');
  assert.deepEqual(await errors(), [[address, 1]]);
});

test('a collector that nobody listens on is no reason to stop', async (t) => {
  const { collectors } = await started(t, ['127.0.0.1:9']);
  for (let round = 0; round < 3; round++) {
    collectors.send(0, Buffer.from('lost'));
    await collectors.drained();
  }
});

test('of changed collectors those that stay are left alone, the others get no more, and new ones get theirs', {
  timeout: 10_000,
}, async (t) => {
  const [stays, goes, comes] = [await receiver(t), await receiver(t), await receiver(t)];
  const { collectors } = await started(t, [stays.address, goes.address]);
  const datagrams = new Map<string, string[]>();
  for (const { socket, address } of [stays, goes, comes]) {
    datagrams.set(address, []);
    socket.on('message', (datagram) => datagrams.get(address)?.push(String(datagram)));
  }
  collectors.send(0, Buffer.from('before'));
  await collectors.drained();
  collectors.replace(sflowSection.parse({ collectors: [stays.address, comes.address] }));
  const arrived = once(comes.socket, 'message');
  const timer = setInterval(() => collectors.send(0, Buffer.from('after')), 20);
  await arrived;
  clearInterval(timer);
  await collectors.drained();
  assert.deepEqual(datagrams.get(goes.address), ['before']);
  assert.equal(datagrams.get(stays.address)?.[0], 'before');
  assert.ok(datagrams.get(stays.address)?.includes('after'));
});

test('a collector with a pace gets a burst spread, and what would wait too long is counted; others get it at once', {
  timeout: 20_000,
}, async (t) => {
  const [slow, fast] = [await receiver(t), await receiver(t)];
  const { collectors, metrics } = await started(t, [{ address: slow.address, maxDatagramsPerS: 200 }, fast.address]);
  const arrivals = (socket: Socket) => {
    const times: number[] = [];
    socket.on('message', () => times.push(performance.now()));
    return times;
  };
  const [slowly, atOnce] = [arrivals(slow.socket), arrivals(fast.socket)];
  const begun = performance.now();
  for (let i = 0; i < 300; i++) collectors.send(0, Buffer.from(String(i)));
  await collectors.drained();
  const { values } = await metrics.lostDatagrams.get();
  const lost = values[0]?.value ?? 0;
  assert.ok(lost >= 50 && lost <= 99, String(lost)); // 201 fit into a second; each 5 ms that sending took, one more
  assert.deepEqual(values[0]?.labels, { collector: slow.address, cause: 'rate' });
  assert.ok(((await metrics.waiting.get()).values[0]?.value ?? 0) > 100);
  // What has been taken is sent before the end.
  await collectors.stop(new AbortController().signal);
  for (let i = 0; i < 200 && (slowly.length < 300 - lost || atOnce.length < 300); i++) await delay(5);
  assert.deepEqual([slowly.length, atOnce.length], [300 - lost, 300]);
  assert.ok(slowly.at(-1)! - begun > 900 && slowly.at(-1)! - begun < 2500, String(slowly.at(-1)! - begun));
  assert.ok(atOnce.at(-1)! < slowly[100]!);
});
