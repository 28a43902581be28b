// Every packet of the shared captures against what tshark saw in it (expected.jsonl, made by make-expected.py there).
// Protocols that this library does not know are compared as far as the outermost headers that it does know.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatAddress, formatMac } from './address.ts';
import { type DecodedHeader, Layer, Stop } from './decode.ts';
import { IPV6_EXTENSIONS_MAX } from './ipv6-extensions.ts';
import { decode } from './testing/decode.ts';
import { type CapturedPacket, readCapture } from './testing/pcap.ts';

/** One header as tshark names it, see make-expected.py. */
interface ExpectedLayer {
  l: string;
  [field: string]: number | string | undefined;
}

interface ExpectedPacket {
  file: string;
  index: number;
  len: number;
  caplen: number;
  malformed: boolean;
  layers: ExpectedLayer[];
}

const folder = join(import.meta.dirname, '../../../shared/pcaps');
const skip = existsSync(join(folder, 'expected.jsonl')) ? false : `no captures at ${folder}`;

const ipLinkTypes = new Set([101, 228, 229]);
const extensionKinds = new Set(['ipv6.hopopts', 'ipv6.routing', 'ipv6.dstopts', 'ipv6.fraghdr', 'ah']);
const transportKinds: Record<string, number> = {
  tcp: Layer.tcp,
  udp: Layer.udp,
  icmp: Layer.icmp,
  icmpv6: Layer.icmpv6,
};

/** Frames that are broken or cut: where decoding has to end. tshark has no such field to compare with. */
const broken: Record<string, [stop: number, stopLayer: number]> = {
  'bad-eth-trunc.pcap 1': [Stop.truncated, Layer.ethernet],
  'bad-ipv4-trunc.pcap 1': [Stop.truncated, Layer.ipv4],
  'bad-ipv4-malformed.pcap 1': [Stop.malformed, Layer.ipv4],
  'bad-ipv4-malformed.pcap 2': [Stop.malformed, Layer.ipv4],
  'bad-ipv6-ext-trunc.pcap 1': [Stop.malformed, Layer.ipv6Extension],
  'bad-ipv6-nh-oobr.pcap 1': [Stop.truncated, Layer.ipv6Extension],
  'bad-many-too-small.pcap 1': [Stop.malformed, Layer.tcp],
  'bad-many-too-small.pcap 2': [Stop.malformed, Layer.udp],
  'bad-many-too-small.pcap 3': [Stop.malformed, Layer.udp],
  'bad-many-too-small.pcap 5': [Stop.malformed, Layer.tcp],
  'bad-many-too-small.pcap 6': [Stop.malformed, Layer.udp],
  'bad-many-too-small.pcap 7': [Stop.malformed, Layer.udp],
  // The UDP length is 17712 in an IP packet of 12336: for tshark a remark of its expert.
  'l2tp-control.pcap 6': [Stop.malformed, Layer.udp],
  'l2tp-control.pcap 12': [Stop.malformed, Layer.udp],
  'l2tp-control.pcap 7': [Stop.truncated, Layer.ethernet],
  'l2tp-control.pcap 13': [Stop.truncated, Layer.ethernet],
};

/** Where we differ on purpose, see docs/reference/decoding.md. */
const different: Record<string, Record<string, string>> = {
  // With a source route option tshark shows the last hop of the route as the destination, we what the header says.
  'ipv4-options.pcap 6': { dstAddress: '10.0.0.138' },
  'ipv4-options.pcap 7': { dstAddress: '10.0.0.138' },
};

test('all shared captures of Ethernet and raw IP decode as tshark decodes them', { skip }, () => {
  const compared: Record<string, number> = {};
  const differences: string[] = [];
  const captures = new Map<string, CapturedPacket[]>();
  const unused = new Set([...Object.keys(broken), ...Object.keys(different)]);
  for (const line of readFileSync(join(folder, 'expected.jsonl'), 'utf8').trimEnd().split('\n')) {
    const expected = JSON.parse(line) as ExpectedPacket;
    let packets = captures.get(expected.file);
    if (!packets) {
      packets = readCapture(readFileSync(join(folder, expected.file)));
      captures.set(expected.file, packets);
    }
    const packet = packets[expected.index - 1];
    assert.ok(packet, `${expected.file} has no packet ${expected.index}`);
    if (packet.linkType !== 1 && !ipLinkTypes.has(packet.linkType)) continue;
    assert.deepEqual([packet.wireBytes, packet.data.length], [expected.len, expected.caplen]);
    const key = `${expected.file.replace('packets/', '')} ${expected.index}`;
    const linkType = packet.linkType === 1 ? 'ethernet' : 'ip';
    const out = decode(packet.data, { linkType, frameBytes: packet.wireBytes });
    const { fields, stop, stopLayer, kinds } = expectation(expected.layers);
    const [wantedStop, wantedLayer] = broken[key] ?? [stop, stopLayer];
    const wanted = { ...fields, ...different[key], stop: wantedStop, stopLayer: wantedLayer };
    unused.delete(key);
    const seen = readable(out);
    for (const [name, value] of Object.entries(wanted))
      if (seen[name] !== value) differences.push(`${key}: ${name} is ${seen[name]}, tshark has ${value}`);
    for (const kind of kinds) compared[kind] = (compared[kind] ?? 0) + 1;
  }
  assert.deepEqual(differences, []);
  assert.deepEqual([...unused], [], 'exceptions for packets that do not exist');
  // A comparison that compares nothing would pass too: these are the packets there were when it was written.
  const expectedCounts = { vlan: 39, arp: 58, ip: 346, ipv6: 139, tcp: 79, udp: 164, icmp: 74, icmpv6: 61 };
  for (const [kind, least] of Object.entries(expectedCounts))
    assert.ok((compared[kind] ?? 0) >= least, `only ${compared[kind]} packets with ${kind}`);
});

interface Expectation {
  fields: Record<string, number | string | boolean>;
  stop: number;
  stopLayer: number;
  kinds: string[];
}

/** What the fields have to be, from the outermost layers that this library knows. */
function expectation(layers: ExpectedLayer[]): Expectation {
  const result: Expectation = { fields: {}, stop: Stop.complete, stopLayer: Layer.none, kinds: [] };
  const { fields, kinds } = result;
  let at = 0;
  let type: number | undefined;
  const tags: ExpectedLayer[] = [];
  for (; ['eth', 'vlan', 'ieee8021ad'].includes(layers[at]?.l ?? ''); at++) {
    const layer = layers[at] as ExpectedLayer;
    if (layer.l === 'eth') Object.assign(fields, { srcMac: layer.src, dstMac: layer.dst });
    else tags.push(layer);
    // A length instead of a type counts as none. An 802.1ad tag does not tell in tshark.
    type = layer.l === 'ieee8021ad' ? undefined : layer.len === undefined ? Number(layer.type) : 0;
    kinds.push(layer.l);
  }
  if (kinds.length > 0) Object.assign(fields, { vlanId: tags[0]?.id ?? 0, innerVlanId: tags[1]?.id ?? 0 });
  if (type !== undefined) fields.etherType = type;
  const network = layers[at];
  if (network?.l === 'arp') expectArp(network, result);
  else if (network?.l === 'ip' || network?.l === 'ipv6') expectIp(layers.slice(at), result);
  else Object.assign(result, { stop: Stop.unsupported, stopLayer: type === 0 ? Layer.llc : Layer.network });
  return result;
}

function expectArp(layer: ExpectedLayer, result: Expectation): void {
  result.kinds.push('arp');
  result.stopLayer = Layer.arp;
  // tshark reads addresses at odd lengths too.
  if (layer.hw !== 1) result.stop = Stop.unsupported;
  else Object.assign(result.fields, { srcAddress: layer.spa, dstAddress: layer.tpa });
}

function expectIp(layers: ExpectedLayer[], result: Expectation): void {
  const ip = layers[0] as ExpectedLayer;
  const { fields, kinds } = result;
  // A header that tshark shows without addresses is listed as broken above.
  if (ip.src === undefined) return;
  kinds.push(ip.l);
  Object.assign(fields, { srcAddress: ip.src, dstAddress: ip.dst, ttl: ip.ttl });
  Object.assign(fields, { dscp: Number(ip.tos) >> 2, ecn: Number(ip.tos) & 3, flowLabel: ip.flow ?? 0 });
  if (ip.l === 'ip') fields.ipBytes = Number(ip.len);
  else if (ip.plen !== 0) fields.ipBytes = 40 + Number(ip.plen);
  let protocol = Number(ip.proto ?? ip.nxt);
  let fragment = ip;
  let at = 1;
  result.stopLayer = ip.l === 'ip' ? Layer.ipv4 : Layer.ipv6;
  for (; extensionKinds.has(layers[at]?.l ?? ''); at++) {
    const layer = layers[at] as ExpectedLayer;
    if (at > IPV6_EXTENSIONS_MAX) {
      Object.assign(result, { stop: Stop.unsupported, stopLayer: Layer.ipv6Extension });
      return;
    }
    protocol = Number(layer.nxt);
    if (layer.l === 'ipv6.fraghdr') {
      fragment = layer;
      result.stopLayer = Layer.ipv6Fragment;
    }
    kinds.push(layer.l);
  }
  const fragmentOffset = Number(fragment.frag_off ?? 0);
  Object.assign(fields, { protocol, fragmentOffset, moreFragments: fragment.mf === 1 });
  if (fragmentOffset > 0) Object.assign(fields, { srcPort: 0, dstPort: 0 });
  else expectTransport(layers[at], protocol, result);
}

function expectTransport(layer: ExpectedLayer | undefined, protocol: number, result: Expectation): void {
  const known = transportKinds[layer?.l ?? ''];
  result.stop = known === undefined ? Stop.unsupported : Stop.complete;
  result.stopLayer = known ?? (protocol === 50 ? Layer.esp : Layer.transport);
  if (!layer || known === undefined) return;
  result.kinds.push(layer.l);
  const ours = { sport: 'srcPort', dport: 'dstPort', flags: 'tcpFlags', type: 'icmpType', code: 'icmpCode' };
  for (const [key, name] of Object.entries(ours)) {
    const value = layer[key];
    if (value !== undefined) result.fields[name] = value;
  }
}

/** The record with addresses as tshark writes them. */
function readable(out: DecodedHeader): Record<string, unknown> {
  return {
    ...out,
    srcMac: formatMac(out.srcMac),
    dstMac: formatMac(out.dstMac),
    srcAddress: formatAddress(out.srcAddress),
    dstAddress: formatAddress(out.dstAddress),
  };
}
