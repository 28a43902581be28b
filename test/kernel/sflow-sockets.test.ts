// What the emitter's datagrams look like on the wire, in namespaces of the test's own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inNetns, ip, ipBatch } from '@tcxflow/lab/netns.ts';
import { SFCAPD, skipWithout, TSHARK } from '../../services/sflow/codec/testing/collectors.ts';
import { captureIn, makeNetns, spawnIn } from '../support/in-netns.ts';
import { needsRoot } from '../support/require-root.ts';

const program = fileURLToPath(new URL('../support/send-sflow.ts', import.meta.url));
const onWire = { skip: needsRoot() || skipWithout(TSHARK), timeout: 60_000 };

function send(t: TestContext, netns: string, collectors: object[], agents: string[]) {
  return spawnIn(t, netns, process.execPath, program, JSON.stringify(collectors), ...agents);
}

test('datagrams have the DSCP of their collector, in IPv4 and IPv6, and 0 without one', onWire, async (t) => {
  const netns = await makeNetns(t);
  const collectors = [
    { address: '127.0.0.1:7001', dscp: 46 },
    { address: '[::1]:7002', dscp: 8 },
    { address: '127.0.0.1:7003' },
    { address: '[::1]:7004', dscp: 0 },
  ];
  send(t, netns, collectors, ['192.0.2.1']);
  const fields = ['udp.dstport', 'ip.dsfield.dscp', 'ipv6.tclass.dscp'];
  const lines = await captureIn(t, netns, fields, ({ size }) => size === collectors.length);
  assert.deepEqual(lines, ['7001,46,', '7002,,8', '7003,0,', '7004,,0']);
});

test('with spoof_source a datagram comes from its agent, if that has an address of the family', onWire, async (t) => {
  const netns = await makeNetns(t);
  const collectors = [
    { address: '127.0.0.1:7001', spoofSource: true, dscp: 46 },
    { address: '[::1]:7002', spoofSource: true },
    { address: '127.0.0.1:7003' },
  ];
  const sender = send(t, netns, collectors, ['192.0.2.1', '198.51.100.7', '2001:db8::9']);
  const fields = ['udp.dstport', 'ip.src', 'ipv6.src', 'ip.dsfield.dscp'];
  const lines = await captureIn(t, netns, fields, ({ size }) => size === 4);
  assert.deepEqual(lines, ['7001,192.0.2.1,,46', '7001,198.51.100.7,,46', '7002,,2001:db8::9,', '7003,127.0.0.1,,0']);
  const lost = once(createInterface(sender.stdout!), 'line');
  sender.kill('SIGTERM');
  const [[v4, v6]] = [JSON.parse((await lost)[0])];
  assert.deepEqual(
    [v4, v6].map(({ labels }) => labels),
    collectors.slice(0, 2).map(({ address }) => ({ collector: address, cause: 'family' })),
  );
  assert.equal(v6.value, 2 * v4.value); // two agents of three have IPv4
});

test('a collector that goes by the sender sees an exporter for each agent', {
  ...onWire,
  skip: onWire.skip || skipWithout(SFCAPD),
}, async (t) => {
  const netns = await makeNetns(t);
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-spoof-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const sfcapd = spawnIn(t, netns, 'sfcapd', '-b', '127.0.0.1', '-p', '6343', '-w', folder, '-t', '3600');
  const exporters = new Set<string>();
  send(t, netns, [{ address: '127.0.0.1:6343', spoofSource: true }], ['192.0.2.1', '198.51.100.7']);
  for await (const line of createInterface(sfcapd.stderr!)) {
    const [, address] = /New exporter: .*agentSubId: 0.*IP: (\S+)/.exec(line) ?? [];
    if (address && exporters.add(address).size === 2) break;
  }
  assert.deepEqual([...exporters].sort(), ['192.0.2.1', '198.51.100.7']);
});

const WITHOUT = ['--bounding-set=-net_raw,-net_admin', '--inh-caps=-net_raw,-net_admin'];

test('without CAP_NET_RAW the start ends and says which key, and what to do', onWire, async (t) => {
  const netns = await makeNetns(t);
  const collectors = JSON.stringify([{ address: '192.0.2.7:6343', spoofSource: true }]);
  const child = spawnIn(t, netns, 'setpriv', ...WITHOUT, process.execPath, program, collectors, '192.0.2.1');
  const [line] = await once(createInterface(child.stdout!), 'line');
  const { code, message, hint } = JSON.parse(line);
  assert.equal(code, 'NOT_PERMITTED');
  assert.match(message, /sflow\.collectors, 192\.0\.2\.7:6343: spoof_source: .*Operation not permitted/);
  assert.match(hint, /CAP_NET_RAW.*leave spoof_source out/);
});

test(
  'without CAP_NET_RAW a changed list that asks for it is not taken, and sending goes on as before',
  onWire,
  async (t) => {
    const netns = await makeNetns(t);
    const [before, after] = [false, true].map((spoofSource) =>
      JSON.stringify([{ address: '127.0.0.1:7001', spoofSource }]),
    );
    const args = [`COLLECTORS=${after}`, 'setpriv', ...WITHOUT, process.execPath, program, before!, '192.0.2.1'];
    const child = spawnIn(t, netns, 'env', ...args);
    const seen = () => captureIn(t, netns, ['udp.dstport', 'ip.src'], ({ size }) => size === 1);
    assert.deepEqual(await seen(), ['7001,127.0.0.1']);
    const answer = once(createInterface(child.stdout!), 'line');
    child.kill('SIGHUP');
    assert.deepEqual(JSON.parse((await answer)[0]), { code: 'NOT_PERMITTED' });
    assert.deepEqual(await seen(), ['7001,127.0.0.1']);
  },
);

/** Sends 300 datagrams of 1000 bytes at once, and prints how many the kernel took, and how many ticks of a timer that lasted. */
const BURST = `
  import { openSpoofingSender } from ${JSON.stringify(new URL('../../services/sflow/spoofing-sender.ts', import.meta.url).href)};
  const to = { ip: '10.9.0.2', port: 6343, family: 4 };
  const sender = openSpoofingSender(to, { dscp: 0, spoofSource: true, bufferBytes: 4096 });
  const datagram = Buffer.alloc(1000);
  datagram.set([0, 0, 0, 5, 0, 0, 0, 1, 192, 0, 2, 1]);
  let [answers, taken, ticks] = [0, 0, 0];
  const timer = setInterval(() => ticks++, 1);
  for (let i = 0; i < 300; i++)
    sender.send(datagram, (error) => {
      if (!error) taken++;
      if (++answers < 300) return;
      clearInterval(timer);
      sender.close();
      console.log(JSON.stringify({ taken, ticks }));
    });
`;

test('a full socket makes the datagrams with a spoofed source wait, and none is lost', onWire, async (t) => {
  const netns = await makeNetns(t);
  await ipBatch(netns, [
    'link add near type veth peer name far address 02:00:00:00:00:02',
    'link set near up',
    'link set far up',
    'address add 10.9.0.1/24 dev near',
    'neighbour add 10.9.0.2 lladdr 02:00:00:00:00:02 dev near nud permanent',
  ]);
  // A slow line with a long queue: what it has not sent yet counts for the socket.
  await inNetns(netns, 'tc', ...'qdisc add dev near root tbf rate 10mbit burst 2000 latency 10s'.split(' '));
  const far = async () => JSON.parse(await ip('-n', netns, '-s', '-j', 'link', 'show', 'far'))[0].stats64.rx.packets;
  const before = await far();
  const child = spawnIn(t, netns, process.execPath, '--input-type=module', '-e', BURST);
  const { taken, ticks } = JSON.parse((await once(createInterface(child.stdout!), 'line'))[0]);
  assert.equal(taken, 300);
  assert.ok(ticks > 50, String(ticks)); // 300 * 1042 bytes at 10 Mbit/s are 250 ms
  for (let i = 0; i < 100 && (await far()) - before < 300; i++) await delay(20);
  const arrived = (await far()) - before;
  assert.ok(arrived >= 300 && arrived < 320, String(arrived)); // the kernel's own of IPv6 besides
});
