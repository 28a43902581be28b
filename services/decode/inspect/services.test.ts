import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDecodedHeader, createTunnelPorts, decodeHeader } from '@tcxflow/packet/decode.ts';
import { ethernet, hex, ipv4, udpTo } from '@tcxflow/packet/testing/frames.ts';
import { readServiceNames, serviceOf } from './services.ts';

function headerOf(packet: Buffer) {
  const header = createDecodedHeader();
  decodeHeader(packet, 0, packet.length, 'ethernet', 0, packet.length, header, createTunnelPorts());
  return header;
}

test('a packet has the service of its lower port, else of the other, else none', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-services-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'services');
  writeFileSync(path, 'mine 7777/udp # ours\nhigh 49152/udp\n');
  const names = readServiceNames(path);
  const to = (port: number) => headerOf(ethernet(0x0800, ipv4(17, udpTo(port, hex('00000000')))));
  assert.equal(serviceOf(names, to(7777)), 'mine');
  assert.equal(serviceOf(names, to(7778)), 'high');
  assert.equal(serviceOf(readServiceNames(undefined), to(53)), 'domain');
  assert.equal(serviceOf(readServiceNames(undefined), to(7778)), '');
  assert.equal(serviceOf(names, headerOf(ethernet(0x0800, ipv4(47, hex('00000000'))))), '');
});

test('a file that cannot be used is an error that says where', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-services-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'services');
  writeFileSync(path, 'mine 77777/udp\n');
  assert.throws(() => readServiceNames(path), { code: 'ENRICH_SOURCE', message: /line 1: "mine 77777\/udp"/ });
});
