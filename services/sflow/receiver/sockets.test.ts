import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { openUdpReader } from 'libbpf-ts/udp.ts';
import { receiverSection } from './config.ts';
import { kernelDrops, openDgramReader } from './dgram-reader.ts';
import type { Intake } from './intake.ts';
import { createReceiverMetrics } from './metrics.ts';
import { createSockets } from './sockets.ts';

const readers = { addon: openUdpReader, node: openDgramReader };

/** Sockets whose datagrams are kept, as sender and text. */
async function openSockets(options: object, open: (typeof readers)['addon' | 'node']) {
  const got: string[] = [];
  const intake: Intake = {
    receive: ({ bytes }, start, end, senderAt) =>
      void got.push(`${formatAddress(bytes.subarray(senderAt, senderAt + 16))} ${bytes.toString('utf8', start, end)}`),
    flush: () => undefined,
    waiting: () => 0,
    waitingBytes: () => 0,
    allow: () => undefined,
  };
  const metrics = createReceiverMetrics(createMetrics('receiver'));
  const config = receiverSection.parse(options);
  const sockets = createSockets({ config, intake, metrics, log: quietLog, open });
  await sockets.start();
  return {
    got,
    sockets,
    drops: async () => (await metrics.kernelDrops.get()).values.reduce((sum, { value }) => sum + value, 0),
  };
}

async function sendAll(count: number, bytes: Buffer, port: number, from = createSocket('udp4')) {
  await Promise.all(
    Array.from({ length: count }, () => new Promise((resolve) => from.send(bytes, port, '127.0.0.1', resolve))),
  );
  from.close();
}

for (const [name, open] of Object.entries(readers)) {
  test(`${name}: datagrams of IPv4 and IPv6 are received at one socket`, { timeout: 10_000 }, async () => {
    const { got, sockets } = await openSockets({ listen: ['[::]:0'] }, open);
    const [port] = sockets.ports();
    const v4 = createSocket('udp4');
    const v6 = createSocket('udp6');
    v4.send('four', port!, '127.0.0.1');
    v6.send('six', port!, '::1');
    while (got.length < 2) await sleep(10);
    assert.deepEqual(got.sort(), ['127.0.0.1 four', '::1 six']);
    v4.close();
    v6.close();
    await sockets.stop(AbortSignal.abort());
  });

  test(`${name}: what the kernel dropped at a full socket is counted, and nothing else is missing`, async () => {
    const { got, sockets, drops } = await openSockets({ listen: ['127.0.0.1:0'], receiveBufferBytes: 4096 }, open);
    const SENT = 2000;
    await sendAll(SENT, Buffer.alloc(1000, 'x'), sockets.ports()[0]!);
    await sleep(100);
    await sockets.stop(AbortSignal.abort());
    assert.equal(got.length + (await drops()), SENT);
    assert.ok((await drops()) > 0);
  });

  test(`${name}: several sockets at one port share the senders`, { timeout: 10_000 }, async () => {
    const { got, sockets } = await openSockets({ listen: ['127.0.0.1:0'], sockets: 1, sharePort: true }, open);
    const [port] = sockets.ports();
    const more = await openSockets({ listen: [`127.0.0.1:${port}`], sockets: 3 }, open);
    assert.deepEqual(more.sockets.ports(), [port, port, port]);
    for (let i = 0; i < 64; i++) await sendAll(1, Buffer.from(`${i}`), port!);
    while (got.length + more.got.length < 64) await sleep(10);
    // 64 senders, a quarter of them to the first socket: none at all is less likely than 1 in 10^7.
    assert.ok(got.length > 0 && more.got.length > got.length, `${got.length} and ${more.got.length}`);
    await sockets.stop(AbortSignal.abort());
    await more.sockets.stop(AbortSignal.abort());
  });

  test(`${name}: an address that somebody has is an error that names it`, async () => {
    const { sockets } = await openSockets({ listen: ['127.0.0.1:0'] }, open);
    const taken = `127.0.0.1:${sockets.ports()[0]}`;
    await assert.rejects(openSockets({ listen: [taken] }, open), { code: 'LISTEN_FAILED', message: new RegExp(taken) });
    await sockets.stop(AbortSignal.abort());
  });
}

test('addon: what sockets hold when they are stopped is still received', async () => {
  const { got, sockets } = await openSockets({ listen: ['127.0.0.1:0'] }, openUdpReader);
  const [port] = sockets.ports();
  await sendAll(500, Buffer.from('last'), port!);
  await sockets.stop(AbortSignal.abort());
  assert.equal(got.length, 500);
});

test('addon: a datagram as long as they get comes whole, an empty one too', { timeout: 10_000 }, async () => {
  const { got, sockets } = await openSockets({ listen: ['127.0.0.1:0'] }, openUdpReader);
  const [port] = sockets.ports();
  const longest = Buffer.alloc(65_507, 'y');
  await sendAll(1, longest, port!);
  await sendAll(1, Buffer.alloc(0), port!);
  while (got.length < 2) await sleep(10);
  assert.deepEqual(got, [`127.0.0.1 ${longest}`, '127.0.0.1 ']);
  await sockets.stop(AbortSignal.abort());
});

test('drops are those of a port, in both tables', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n';
  const row = (port: string, drops: number) =>
    `  1: 00000000:${port} 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 1 2 0 ${drops}\n`;
  const read = (path: string) => (path.endsWith('6') ? head + row('18C7', 5) : head + row('18C7', 2) + row('0035', 9));
  assert.equal(kernelDrops(read).get(6343), 7);
});
