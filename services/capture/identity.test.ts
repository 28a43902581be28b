import assert from 'node:assert/strict';
import { hostname, networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { captureSection } from './config.ts';
import { createIdentity } from './identity.ts';

test('agent and address are those of the configuration', () => {
  const ipv4 = createIdentity(captureSection.parse({ agent: 'edge-7', agentAddress: '192.0.2.1' }));
  assert.equal(ipv4.agent, 'edge-7');
  assert.equal(ipv4.agentAddress.toString('hex'), '00000000000000000000ffffc0000201');
  const ipv6 = createIdentity(captureSection.parse({ agentAddress: '2001:db8::5' }));
  assert.equal(ipv6.agentAddress.toString('hex'), '20010db8000000000000000000000005');
});

test('without a configured address the agent has one of this host that others can reach, IPv4 first', () => {
  const { agent, agentAddress } = createIdentity(captureSection.parse({}));
  const reachable = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && !entry.address.startsWith('fe80'));
  const ipv4 = reachable.filter((entry) => entry.family === 'IPv4');
  const candidates = (ipv4.length > 0 ? ipv4 : reachable).map((entry) => entry.address);
  assert.ok((candidates.length > 0 ? candidates : ['127.0.0.1']).includes(formatAddress(agentAddress)));
  assert.equal(agent, hostname());
});

test('every start has a boot id of its own', () => {
  const config = captureSection.parse({});
  const ids = Array.from({ length: 100 }, () => createIdentity(config).bootId);
  assert.ok(ids.every((id) => id.length === 16));
  assert.equal(new Set(ids.map((id) => id.toString('hex'))).size, 100);
});
