import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { receiverSection } from './config.ts';
import type { Intake } from './intake.ts';
import { createReceiverMetrics } from './metrics.ts';
import { createSockets, kernelDrops } from './sockets.ts';

test('datagrams of IPv4 and IPv6 are received at one socket', { timeout: 10_000 }, async () => {
  const got: string[] = [];
  const intake: Intake = {
    receive: (payload, source) => void got.push(`${source} ${payload}`),
    flush: () => undefined,
  };
  const metrics = createReceiverMetrics(createMetrics('receiver'));
  const sockets = createSockets(receiverSection.parse({ listen: ['[::]:0'] }), intake, metrics, quietLog);
  await sockets.start();
  const [port] = sockets.ports();
  const v4 = createSocket('udp4');
  const v6 = createSocket('udp6');
  v4.send('four', port!, '127.0.0.1');
  v6.send('six', port!, '::1');
  while (got.length < 2) await sleep(10);
  assert.deepEqual(got.sort(), ['::1 six', '::ffff:127.0.0.1 four']);
  v4.close();
  v6.close();
  await sockets.stop(AbortSignal.abort());
});

test('what the kernel dropped at a full socket is counted', { timeout: 20_000 }, async () => {
  const metrics = createReceiverMetrics(createMetrics('receiver'));
  let received = 0;
  const intake: Intake = { receive: () => void received++, flush: () => undefined };
  const config = receiverSection.parse({ listen: ['127.0.0.1:0'], receiveBufferBytes: 4096 });
  const sockets = createSockets(config, intake, metrics, quietLog);
  await sockets.start();
  const sender = createSocket('udp4');
  const SENT = 200;
  const taken = Array.from(
    { length: SENT },
    () => new Promise((resolve) => sender.send(Buffer.alloc(1000), sockets.ports()[0]!, '127.0.0.1', resolve)),
  );
  await Promise.all(taken);
  await sleep(300);
  await sockets.stop(AbortSignal.abort());
  sender.close();
  const dropped = (await metrics.kernelDrops.get()).values[0]?.value ?? 0;
  assert.equal(received + dropped, SENT);
  assert.ok(dropped > 0);
});

test('drops are those of our ports, in both tables', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n';
  const row = (port: string, drops: number) =>
    `  1: 00000000:${port} 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 1 2 0 ${drops}\n`;
  const read = (path: string) => (path.endsWith('6') ? head + row('18C7', 5) : head + row('18C7', 2) + row('0035', 9));
  assert.equal(kernelDrops(new Set([6343]), read), 7);
});
