import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '@tcxflow/packet/address.ts';
import { Field, Layer } from '@tcxflow/packet/decoded-header.ts';
import type { DecodedSample } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, flowCodec } from '@tcxflow/schemas/topics.ts';
import { batch, sample } from './testing/batches.ts';
import { messagesOf } from './testing/flows.ts';
import { addBatch, createWindowSet, type Window } from './windows.ts';

const PORTS = (1 << Field.addresses) | (1 << Field.ports);
const ICMP = (1 << Field.addresses) | (1 << Field.icmp);

function idOf(src: string, dst: string, fields: Partial<DecodedSample>, withId = true): string {
  const addresses = { srcAddress: parseAddress(src) as Buffer, dstAddress: parseAddress(dst) as Buffer };
  const set = createWindowSet();
  addBatch(set, decodedBatchCodec.encode(batch([sample({ ...addresses, ...fields })])), 0, 1000, () => true);
  const [window] = set.windows.values();
  return flowCodec.decode(messagesOf(window as Window, withId)[0]?.value as Buffer).communityId;
}

test('flows have the identifiers of the specification’s baseline', () => {
  const tcp = { protocol: 6, srcPort: 34_855, dstPort: 80, fields: PORTS };
  assert.equal(idOf('128.232.110.120', '66.35.250.204', tcp), '1:LQU9qZlK+B5F3KDmev6m5PMibrg=');
  const sixth = { protocol: 6, srcPort: 63_943, dstPort: 25, fields: PORTS, etherType: 0x86dd };
  assert.equal(
    idOf('2001:470:e5bf:dead:4957:2174:e82c:4887', '2607:f8b0:400c:c03::1a', sixth),
    '1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=',
  );
  const echo = { protocol: 1, icmpType: 8, icmpCode: 0, fields: ICMP };
  assert.equal(idOf('192.168.0.89', '192.168.0.1', echo), '1:X0snYXpgwiv9TZtqg64sgzUn6Dk=');
  assert.equal(idOf('192.168.0.1', '192.168.0.89', { ...echo, icmpType: 0 }), '1:X0snYXpgwiv9TZtqg64sgzUn6Dk=');
});

test('there is none when it is off, for ARP, and where the packet had no ports', () => {
  const tcp = { protocol: 6, srcPort: 1, dstPort: 80, fields: PORTS };
  assert.equal(idOf('192.0.2.1', '192.0.2.2', tcp, false), '');
  assert.equal(idOf('192.0.2.1', '192.0.2.2', { ...tcp, fields: 1 << Field.addresses }), '');
  assert.equal(idOf('192.0.2.1', '192.0.2.2', { protocol: 1, fields: 1 << Field.addresses }), '');
  assert.equal(idOf('192.0.2.1', '192.0.2.2', { protocol: 0, fields: PORTS, stopLayer: Layer.arp }), '');
});
