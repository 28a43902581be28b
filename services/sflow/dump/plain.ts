// A datagram as plain values for printing: addresses as text, bytes in hex, numbers beyond 2^53 as text.

import { formatAddress } from '@tcxflow/packet/address.ts';
import type { Datagram, Sample } from '../codec/decode-datagram.ts';
import type { Value } from '../codec/decode-structure.ts';
import { DISCARD_UNKNOWN, discardNameOf } from '../codec/discard-reasons.ts';

export type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain };
export type PlainObject = { [name: string]: Plain };

export function plainDatagram(datagram: Datagram): PlainObject {
  const { agentAddress, subAgentId, sequence, uptimeMs, samples } = datagram;
  return { agent: formatAddress(agentAddress), subAgentId, sequence, uptimeMs, samples: samples.map(plainSample) };
}

function plainSample(sample: Sample): PlainObject {
  if (sample.kind === 'raw') return { kind: 'raw', tag: tagText(sample.tag), bytes: sample.bytes.toString('hex') };
  const { kind, sourceClass, sourceIndex, records, ...numbers } = sample;
  return {
    kind,
    source: `${sourceClass}:${sourceIndex}`,
    ...(numbers as Record<string, number | boolean>),
    ...(sample.kind === 'discard' ? { reasonName: discardNameOf(sample.reason) ?? String(DISCARD_UNKNOWN) } : {}),
    records: records.map(plainRecord),
  };
}

function plainRecord(record: Exclude<Sample, { kind: 'raw' }>['records'][number]): PlainObject {
  if (record.kind === 'raw') return { kind: 'raw', tag: tagText(record.tag), bytes: record.bytes.toString('hex') };
  if (record.kind === 'structure') return { kind: record.name, ...(plain(record.values) as PlainObject) };
  return plain(record as unknown as Value) as PlainObject;
}

function plain(value: Value | boolean, name = ''): Plain {
  if (Buffer.isBuffer(value)) return bytesText(name, value);
  if (typeof value === 'bigint') return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map((entry) => plain(entry, name));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner, key)]));
}

function bytesText(name: string, bytes: Buffer): string {
  if (bytes.length === 6) return bytes.toString('hex').replace(/..(?=.)/g, '$&:');
  if (bytes.length === 4 && name !== 'header') return bytes.join('.');
  if (bytes.length === 16 && name !== 'header' && name !== 'uuid') return formatAddress(bytes);
  return bytes.toString('hex');
}

export function tagText(tag: number): string {
  return `${tag >>> 12}:${tag & 0xfff}`;
}
