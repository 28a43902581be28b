// The harness itself: what it would not see, it could not report.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { describeFault, makePlan } from './plan.ts';
import { startProxy } from './proxy.ts';
import { reportDeviations } from './report.ts';
import { watchKafka } from './requests.ts';
import { compare, createTruth, type FlowKey } from './truth.ts';

test('a seed gives the same plan, and 200 faults are of every kind', () => {
  const plan = makePlan(7, 700_000, 3000);
  assert.deepEqual(makePlan(7, 700_000, 3000), plan);
  assert.notDeepEqual(makePlan(8, 700_000, 3000), plan);
  assert.ok(plan.faults.length > 180, `${plan.faults.length}`);
  const kinds = new Set(plan.faults.map(({ action }) => action));
  for (const action of [
    'kill',
    'killAt',
    'freeze',
    'restart',
    'add',
    'clock',
    'slow',
    'stall',
    'delay',
    'cut',
    'cutAt',
  ])
    assert.ok(kinds.has(action as never), action);
});

test('requests of Kafka are seen however the bytes are cut', () => {
  const request = (apiKey: number, bytes: number) => {
    const frame = Buffer.alloc(4 + bytes);
    frame.writeInt32BE(bytes, 0);
    frame.writeInt16BE(apiKey, 4);
    return frame;
  };
  const stream = Buffer.concat([request(0, 90), request(26, 8), request(1, 30)]);
  for (const size of [1, 2, 5, 7, 64, stream.length]) {
    const watch = watchKafka();
    const names: string[] = [];
    for (let at = 0; at < stream.length; at += size) names.push(...watch(stream.subarray(at, at + size)));
    assert.deepEqual(names, ['Produce', 'EndTxn', 'Fetch'], `${size}`);
  }
});

for (const at of ['request', 'answer'] as const)
  test(`a proxy cuts ${at === 'request' ? 'in the middle of a request' : 'before its answer'}`, async (t) => {
    let arrived = '';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        arrived += chunk;
        socket.write('answer');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = await startProxy(
      () => (server.address() as AddressInfo).port,
      () => (chunk) => [chunk.toString()],
    );
    t.after(async () => {
      await proxy.close();
      server.close();
    });
    const client = connect(proxy.port, '127.0.0.1');
    client.write('hello');
    assert.equal(String((await once(client, 'data'))[0]), 'answer');
    const cut = proxy.cutRequest('insert', at, 5000);
    const closed = once(client, 'close');
    client.on('error', () => undefined);
    client.on('data', () => assert.fail('no answer may come'));
    client.write('insert');
    await closed;
    assert.equal(await cut, true);
    if (at === 'answer') assert.equal(arrived, 'helloinsert');
    else assert.ok(!arrived.includes('insert'), arrived);
  });

test('what is missing, doubled or of a key that was never sent is told, with the faults around it', () => {
  const key: FlowKey = {
    ...{ minute: 1_800_000_000_000, agent: 'a', ifIndex: 2, direction: 'ingress', protocol: 6 },
    ...{ src: 's', dst: 'd', srcPort: 1, dstPort: 2 },
  };
  const truth = createTruth();
  for (const dstPort of [1, 2, 3]) truth.add({ ...key, dstPort }, { samples: 1, packets: 10, bytes: 1000 });
  const sums = truth.fold(({ minute, dstPort }) => [`${minute} ${dstPort}`]);
  const actual = new Map([...sums].map(([text, measures]) => [text, { ...measures }]));
  assert.deepEqual(compare(actual, sums), []);
  actual.delete(`${key.minute} 1`);
  Object.assign(actual.get(`${key.minute} 2`) as object, { samples: 2, packets: 20, bytes: 2000 });
  actual.set(`${key.minute} 9`, { samples: 1, packets: 1, bytes: 1 });
  const differences = compare(actual, sums);
  assert.deepEqual(
    differences.map(({ off }) => off.samples),
    [-1, 1, 1],
  );
  const what = describeFault({ atMs: 0, target: 'kafka', action: 'cutAt', request: 'EndTxn', at: 'answer' });
  assert.equal(what, 'kafka cutAt request EndTxn at answer');
  const event = { what, startedMs: key.minute + 5000, endedMs: key.minute + 6000, note: undefined };
  const far = { ...event, what: 'far', startedMs: key.minute + 900_000, endedMs: key.minute + 900_000 };
  const lines = reportDeviations([{ where: 'flows', differences }], [event, far]).join('\n');
  assert.match(lines, /3 keys deviate.*\+1 samples, \+10 packets, \+1000 bytes.*EndTxn at answer/s);
  assert.doesNotMatch(lines, /far/);
});
