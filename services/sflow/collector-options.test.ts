import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { streamsOf } from './collector-options.ts';
import { createCollectors } from './collectors.ts';
import { sflowSection } from './config.ts';
import { createSflowMetrics } from './metrics.ts';
import { createSessions } from './sessions.ts';

const AGENT = Buffer.from('00000000000000000000ffffc0000201', 'hex');

test('collectors that want the same share a stream; what is not said is as for all', () => {
  const streams = streamsOf(
    sflowSection.parse({
      datagramBytes: 1000,
      collectors: [
        '192.0.2.1:6343',
        { address: '192.0.2.2:6343' },
        { address: '192.0.2.3:6343', thin: 10, datagramBytes: 500 },
        { address: '192.0.2.4:6343', discards: true },
      ],
    }),
  );
  assert.deepEqual(
    streams.map(({ deliveries, options }) => [
      deliveries.length,
      options.datagramBytes,
      options.thin,
      options.discards,
    ]),
    [
      [2, 1000, 1, false],
      [1, 500, 10, false],
      [1, 1000, 1, true],
    ],
  );
});

const always =
  <T>(value: T) =>
  () =>
    value;

test('an agent has a session for each stream that wants it', () => {
  const config = sflowSection.parse({
    collectors: ['192.0.2.1:6343', { address: '192.0.2.2:6343', agents: ['edge-*'], discards: true }],
  });
  const sessions = createSessions(config, always(streamsOf(config)));
  const streamsFor = (agent: string) =>
    sessions.of(0, agent, AGENT).map(({ stream, wantsDiscards }) => [stream, wantsDiscards]);
  assert.deepEqual(streamsFor('core-1'), [[0, false]]);
  assert.deepEqual(streamsFor('edge-1'), [
    [0, false],
    [1, true],
  ]);
  assert.equal(sessions.of(0, 'edge-1', AGENT), sessions.of(0, 'edge-1', AGENT));
});

test('with changed collectors a stream that stays goes on with its sessions, and a number is not used for another', () => {
  const parse = (...collectors: object[]) => sflowSection.parse({ collectors });
  const config = parse({ address: 'a:1' }, { address: 'b:1', thin: 10 });
  let streams = streamsOf(config);
  const sessions = createSessions(config, () => streams);
  const numbers = () => sessions.of(0, 'edge-1', AGENT).map(({ stream, session }) => ({ stream, session }));
  const [plain, thinned] = numbers();
  assert.deepEqual([plain?.stream, thinned?.stream], [0, 1]);
  streams = streamsOf(parse({ address: 'c:1', discards: true }, { address: 'd:1', thin: 10 }), streams);
  const [discards, stays] = numbers();
  assert.deepEqual([discards?.stream, stays?.stream], [2, 1]);
  assert.equal(stays?.session, thinned?.session);
  assert.deepEqual(
    streams[1]?.deliveries.map(({ address }) => address),
    ['d:1'],
  );
});

test('a prefix that is none is refused, with what would be accepted', () => {
  const parse = (prefixes: string[]) => sflowSection.safeParse({ collectors: [{ address: 'a:1', prefixes }] });
  assert.ok(parse(['192.0.2.0/24', '!2001:db8::/32', '10.1.2.3']).success);
  for (const text of ['192.0.2.0/33', 'edge', '2001:db8::/129', '10.0.0.0/', '!!10.0.0.0/8', ''])
    assert.ok(!parse([text]).success, text);
});

test('a collector whose name has no address disturbs no other, and its datagrams are counted', {
  timeout: 30_000,
}, async (t) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const metrics = createSflowMetrics(createMetrics('sflow'));
  const addresses = ['no-such-host.invalid:6343', `127.0.0.1:${socket.address().port}`];
  const collectors = createCollectors(sflowSection.parse({ collectors: addresses }), metrics, quietLog);
  await collectors.start();
  t.after(() => collectors.stop(AbortSignal.abort()));
  const arrived = once(socket, 'message');
  collectors.send(0, Buffer.from('one'));
  await collectors.drained();
  assert.equal(String((await arrived)[0]), 'one');
  const { values } = await metrics.unresolved.get();
  assert.deepEqual(
    values.map(({ labels, value }) => [labels.collector, value]),
    [['no-such-host.invalid:6343', 1]],
  );
});
