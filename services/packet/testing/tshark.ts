// tshark as the independent oracle: its headers of each packet, in the form that make-expected.py of the shared captures
// has. It prints PDML, whose few tags two patterns read.

import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { extensionKinds, type SeenLayer, type SeenPacket, tsharkFields } from './tshark-fields.ts';

const options = [
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  'tcp.desegment_tcp_streams:FALSE',
  'sctp.reassembly:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'ip.check_checksum:FALSE',
  'nameres.network_name:FALSE',
  'gtp.dissect_gtp_over_tcp:FALSE',
];

interface Node {
  tag: string;
  attributes: Record<string, string>;
  children: Node[];
}

export const tsharkInstalled = spawnSync('tshark', ['--version']).status === 0;

/** @returns one entry per packet of the file */
export async function runTshark(file: string): Promise<SeenPacket[]> {
  const asked = options.flatMap((option) => ['-o', option]);
  const child = spawn('tshark', ['-n', '-r', file, '-T', 'pdml', ...asked], { stdio: ['ignore', 'pipe', 'ignore'] });
  const packets: SeenPacket[] = [];
  let lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.startsWith('<packet>')) lines = [];
    lines.push(line);
    if (line.startsWith('</packet>')) packets.push(toPacket(parse(lines.join('\n'))));
  }
  return packets;
}

/** Values may have line breaks; of their angle brackets and quotes tshark makes entities. */
function parse(text: string): Node {
  const root: Node = { tag: 'root', attributes: {}, children: [] };
  const stack = [root];
  for (const [, closing, tag, inside = '', single] of text.matchAll(/<(\/?)(packet|proto|field)\b([^<>]*?)(\/?)>/g)) {
    if (closing) {
      stack.pop();
      continue;
    }
    const attributes: Record<string, string> = {};
    for (const [, name, value] of inside.matchAll(/ (\w+)="([^"]*)"/g)) attributes[name as string] = value as string;
    const node = { tag: tag as string, attributes, children: [] };
    stack.at(-1)?.children.push(node);
    if (!single) stack.push(node);
  }
  return root.children[0] as Node;
}

function toPacket(packet: Node): SeenPacket {
  const layers: SeenLayer[] = [];
  const quoted: SeenLayer[] = [];
  for (const proto of packet.children)
    if (!['geninfo', 'frame'].includes(proto.attributes.name ?? '')) walk(proto, layers, quoted);
  const frame = packet.children.find(({ attributes }) => attributes.name === 'frame');
  const meta = frame ? ownFields(frame, {}) : {};
  const names = allProtocols(packet);
  const malformed = names.some((name) => name.startsWith('_ws.malformed') || name === '_ws.short');
  return {
    len: Number(meta['frame.len']),
    caplen: Number(meta['frame.cap_len']),
    protocols: meta['frame.protocols'] ?? '',
    malformed,
    layers,
  };
}

function allProtocols(node: Node): string[] {
  return node.children.flatMap((child) => [
    ...(child.tag === 'proto' ? [child.attributes.name ?? ''] : []),
    ...allProtocols(child),
  ]);
}

/** IPv6 extension headers are nested in the IPv6 header by tshark, quotes in the ICMP header. */
function walk(node: Node, layers: SeenLayer[], quoted: SeenLayer[]): void {
  const kind = node.attributes.name ?? '';
  if (kind in tsharkFields) layers.push(toLayer(node, kind));
  const isError = kind === 'icmp' || kind === 'icmpv6';
  for (const child of node.children) {
    // An I-tag is inside the header that it belongs to.
    if (child.tag === 'proto' && child.attributes.name === kind) continue;
    if (child.tag === 'proto') walk(child, isError ? quoted : layers, quoted);
    else if (extensionKinds.has(child.attributes.name ?? '')) walk(child, layers, quoted);
  }
}

function toLayer(node: Node, kind: string): SeenLayer {
  const seen = ownFields(node, {});
  const layer: SeenLayer = { l: kind };
  for (const [field, key] of Object.entries(tsharkFields[kind] as Record<string, string>)) {
    const value = seen[field];
    if (value) layer[key] = toValue(value);
  }
  // The unit of shown offsets differs between versions of tshark: the raw field does not.
  const raw = rawOffset(node);
  if (raw !== undefined) layer.frag_off = kind === 'ip' ? (raw & 0x1fff) * 8 : raw & 0xfff8;
  return layer;
}

function rawOffset(node: Node): number | undefined {
  for (const child of node.children) {
    const { name, unmaskedvalue, value } = child.attributes;
    const raw = unmaskedvalue ?? value;
    if (raw && (name === 'ip.frag_offset' || name === 'ipv6.fraghdr.offset')) return Number.parseInt(raw, 16);
    if (child.tag !== 'field' || extensionKinds.has(name ?? '')) continue;
    const inside = rawOffset(child);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** Fields of a header, not of headers nested inside it. */
function ownFields(node: Node, found: Record<string, string>): Record<string, string> {
  for (const child of node.children) {
    if (child.tag === 'proto' && child.attributes.name !== node.attributes.name) continue;
    const { name = '', show = '' } = child.attributes;
    if (!(name in found)) found[name] = show;
    if (!extensionKinds.has(name)) ownFields(child, found);
  }
  return found;
}

function toValue(show: string): number | string {
  const first = show.split(' ')[0] as string;
  if (first === 'True' || first === 'False') return Number(first === 'True');
  return /^(0x[0-9a-f]+|\d+)$/i.test(first) ? Number(first) : show;
}
