// What the emitter's datagrams look like on the wire, in namespaces of the test's own.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { skipWithout, TSHARK } from '../../services/sflow/codec/testing/collectors.ts';
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
