// The own corpus against tshark itself: an oracle for headers that the shared captures lack, and for a newer tshark.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { formatAddress, formatMac } from './address.ts';
import type { DecodedHeader } from './decode.ts';
import { corpus } from './testing/corpus.ts';
import { decode } from './testing/decode.ts';
import { writePcap } from './testing/pcap.ts';

const installed = spawnSync('tshark', ['--version']).status === 0;
// Where CI is true, a missing oracle is a failure and not a reason to look away.
const skip = installed || process.env.CI === 'true' ? false : 'tshark is not installed';

/** Our field → tshark's; of several the last one that a frame has, in the order of the headers of the corpus. */
const fields: Record<string, string[]> = {
  srcMac: ['eth.src'],
  dstMac: ['eth.dst'],
  etherType: ['eth.type', 'vlan.etype'],
  vlanIds: ['ieee8021ad.id', 'vlan.id'],
  srcAddress: ['ip.src', 'ipv6.src', 'arp.src.proto_ipv4'],
  dstAddress: ['ip.dst', 'ipv6.dst', 'arp.dst.proto_ipv4'],
  ipv4Bytes: ['ip.len'],
  ipv6Payload: ['ipv6.plen'],
  dscp: ['ip.dsfield.dscp', 'ipv6.tclass.dscp'],
  ecn: ['ip.dsfield.ecn', 'ipv6.tclass.ecn'],
  ttl: ['ip.ttl', 'ipv6.hlim'],
  flowLabel: ['ipv6.flow'],
  fragmentOffset: ['ip.frag_offset', 'ipv6.fraghdr.offset'],
  moreFragments: ['ip.flags.mf', 'ipv6.fraghdr.more'],
  protocol: [
    'ip.proto',
    'ipv6.nxt',
    'ipv6.hopopts.nxt',
    'ipv6.routing.nxt',
    'ipv6.fraghdr.nxt',
    'ipv6.dstopts.nxt',
    'ah.next_header',
  ],
  srcPort: ['tcp.srcport', 'udp.srcport'],
  dstPort: ['tcp.dstport', 'udp.dstport'],
  tcpFlags: ['tcp.flags'],
  icmpType: ['icmp.type', 'icmpv6.type'],
  icmpCode: ['icmp.code', 'icmpv6.code'],
};

let rows: Record<string, string>[] = [];

before(() => {
  if (skip) return;
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-packet-'));
  try {
    const file = join(folder, 'corpus.pcap');
    writeFileSync(file, writePcap(corpus.map(({ frame }) => frame)));
    rows = runTshark(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [index, { name, frame }] of corpus.entries())
  test(`"${name}" decodes as tshark decodes it`, { skip }, () => {
    const row = rows[index] as Record<string, string>;
    const out = decode(frame);
    assert.deepEqual(ours(out), theirs(row));
    const [vlanId = 0, innerVlanId = 0] = all(row, 'vlanIds').map(Number);
    assert.deepEqual([out.vlanId, out.innerVlanId], [vlanId, innerVlanId]);
    const payload = last(row, 'ipv6Payload');
    assert.equal(out.ipBytes, payload === undefined ? number(row, 'ipv4Bytes') : 40 + Number(payload));
  });

test('fragment offsets are those of tshark, whose unit differs between versions', { skip }, () => {
  const seen = rows.map((row) => number(row, 'fragmentOffset'));
  const decoded = corpus.map(({ frame }) => decode(frame).fragmentOffset);
  assert.ok(decoded.filter((offset) => offset > 0).length >= 2);
  const unit = seen.some((offset, index) => offset !== decoded[index]) ? 8 : 1;
  assert.deepEqual(
    decoded,
    seen.map((offset) => offset * unit),
  );
});

function ours(out: DecodedHeader): Record<string, unknown> {
  const { etherType, protocol, dscp, ecn, ttl, flowLabel, moreFragments } = out;
  const { srcPort, dstPort, tcpFlags, icmpType, icmpCode } = out;
  const numbers = { etherType, protocol, dscp, ecn, ttl, flowLabel, srcPort, dstPort, tcpFlags, icmpType, icmpCode };
  return {
    ...numbers,
    moreFragments,
    srcMac: formatMac(out.srcMac),
    dstMac: formatMac(out.dstMac),
    srcAddress: formatAddress(out.srcAddress),
    dstAddress: formatAddress(out.dstAddress),
  };
}

function theirs(row: Record<string, string>): Record<string, unknown> {
  const numbers = ['etherType', 'protocol', 'dscp', 'ecn', 'ttl', 'flowLabel', 'srcPort', 'dstPort', 'tcpFlags'];
  return {
    ...Object.fromEntries([...numbers, 'icmpType', 'icmpCode'].map((name) => [name, number(row, name)])),
    moreFragments: ['1', 'True'].includes(last(row, 'moreFragments') ?? ''),
    srcMac: last(row, 'srcMac'),
    dstMac: last(row, 'dstMac'),
    // No address is all zero here and nothing there.
    srcAddress: last(row, 'srcAddress') ?? '::',
    dstAddress: last(row, 'dstAddress') ?? '::',
  };
}

function all(row: Record<string, string>, name: string): string[] {
  return (fields[name] as string[]).flatMap((field) => (row[field] ? (row[field] as string).split(',') : []));
}

function last(row: Record<string, string>, name: string): string | undefined {
  return all(row, name).at(-1);
}

function number(row: Record<string, string>, name: string): number {
  return Number(last(row, name) ?? 0);
}

/** @returns per frame: tshark's field → its values, joined by commas */
function runTshark(file: string): Record<string, string>[] {
  const names = Object.values(fields).flat();
  const whole = ['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE'];
  const columns = names.flatMap((name) => ['-e', name]);
  const text = execFileSync('tshark', ['-n', '-r', file, ...whole, '-T', 'fields', '-E', 'separator=|', ...columns], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, corpus.length);
  return lines.map((line) =>
    Object.fromEntries(line.split('|').map((value, index) => [names[index] as string, value])),
  );
}
