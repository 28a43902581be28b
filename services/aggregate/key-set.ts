// Key sets: what samples are added up by, besides the flows' own key. Pure.

import { avroString } from './origins.ts';

/** In the order of schemas/flow-summary.v1.avsc. A checkpoint has their places: new ones go to the end, and there are at most 31. */
export const keyFields = [
  'agent',
  'agentSite',
  'agentRole',
  'ifIndex',
  'ifName',
  'ifAlias',
  'ifBoundary',
  'direction',
  'inputIfIndex',
  'outputIfIndex',
  'vlanId',
  'innerVlanId',
  'etherType',
  'srcAddress',
  'dstAddress',
  'protocol',
  'srcPort',
  'dstPort',
  'dscp',
  'stop',
  'tunnelKind',
  'tunnelId',
  'outerSrcAddress',
  'outerDstAddress',
  'mplsLabel',
  'srcAs',
  'dstAs',
  'srcCountry',
  'dstCountry',
  'srcNetwork',
  'dstNetwork',
] as const;

export type KeyField = (typeof keyFields)[number];

/** As in the configuration. */
export interface KeySetConfig {
  name: string;
  windowMs: number;
  key: KeyField[];
  /** Bits that are left of srcAddress and dstAddress. */
  prefixV4: number;
  prefixV6: number;
}

export interface KeySet extends KeySetConfig {
  has: Record<KeyField, boolean>;
  /** A summary's keySet and keyFields, Avro-encoded. */
  names: Buffer;
}

export const WHOLE_V4 = 32;
export const WHOLE_V6 = 128;

export function makeKeySet(config: KeySetConfig): KeySet {
  const key = keyFields.filter((field) => config.key.includes(field));
  const has = Object.fromEntries(keyFields.map((field) => [field, key.includes(field)])) as KeySet['has'];
  return { ...config, key, has, names: Buffer.concat([config.name, keyText({ ...config, key })].map(avroString)) };
}

/** A summary's keyFields. */
export function keyText({ key, prefixV4, prefixV6 }: KeySetConfig): string {
  const prefix = prefixV4 === WHOLE_V4 && prefixV6 === WHOLE_V6 ? '' : `/${prefixV4}/${prefixV6}`;
  return key.map((field) => (field === 'srcAddress' || field === 'dstAddress' ? field + prefix : field)).join(',');
}

/** For a checkpoint: name, window, fields as bits, prefixes. */
export type PackedKeySet = [name: string, windowMs: number, fields: number, prefixV4: number, prefixV6: number];

export function packKeySet({ name, windowMs, has, prefixV4, prefixV6 }: KeySet): PackedKeySet {
  const bits = keyFields.reduce((sum, field, place) => sum + (has[field] ? 2 ** place : 0), 0);
  return [name, windowMs, bits, prefixV4, prefixV6];
}

export function unpackKeySet([name, windowMs, bits, prefixV4, prefixV6]: PackedKeySet): KeySet {
  const key = keyFields.filter((_, place) => Math.floor(bits / 2 ** place) % 2 === 1);
  return makeKeySet({ name, windowMs, key, prefixV4, prefixV6 });
}

/** Whether rows of both are told apart by the same. */
export function isSameKeySet(a: KeySet, b: KeySet): boolean {
  return String(packKeySet(a)) === String(packKeySet(b));
}
