// Summaries as anybody would add them up, from batches as objects: each sample as the flow that it is, of which only the key's
// fields are kept.

import type { DecodedBatch, DecodedSample, Flow, FlowSummary } from '@tcxflow/schemas/generated.ts';
import { type KeyField, type KeySetConfig, keyFields } from '../key-set.ts';
import { naiveFlows } from './naive.ts';

const numbers: readonly KeyField[] = [
  ...([
    'ifIndex',
    'inputIfIndex',
    'outputIfIndex',
    'vlanId',
    'innerVlanId',
    'etherType',
    'protocol',
    'srcPort',
  ] as const),
  ...(['dstPort', 'dscp', 'stop', 'tunnelKind', 'tunnelId', 'mplsLabel', 'srcAs', 'dstAs'] as const),
];
const addresses: readonly KeyField[] = ['srcAddress', 'dstAddress', 'outerSrcAddress', 'outerDstAddress'];

export function naiveSummaries(batches: readonly DecodedBatch[], keySet: KeySetConfig): FlowSummary[] {
  const windows = new Map<number, Map<string, FlowSummary>>();
  for (const batch of batches)
    for (const sample of batch.samples) {
      const { key, ...summary } = summaryOf(batch, sample, keySet);
      const rows = windows.get(summary.windowStart) ?? new Map<string, FlowSummary>();
      windows.set(summary.windowStart, rows);
      const known = rows.get(key);
      if (known) add(known, summary);
      else rows.set(key, summary);
    }
  return [...windows.entries()].sort(([a], [b]) => a - b).flatMap(([, rows]) => [...rows.values()]);
}

function summaryOf(batch: DecodedBatch, sample: DecodedSample, keySet: KeySetConfig): FlowSummary & { key: string } {
  const [flow] = naiveFlows([{ ...batch, samples: [sample] }], keySet.windowMs) as [Flow];
  const source = batch.sources[sample.source] as DecodedBatch['sources'][number];
  const all: Record<string, unknown> = { ...flow, ifAlias: source.ifAlias };
  const { prefixV4, prefixV6 } = keySet;
  const kept = keyFields.map((field) => [field, keySet.key.includes(field) ? ofKey(all[field], field) : none(field)]);
  const prefix = prefixV4 < 32 || prefixV6 < 128 ? `/${prefixV4}/${prefixV6}` : '';
  const names = keyFields
    .filter((field) => keySet.key.includes(field))
    .map((field) => (['srcAddress', 'dstAddress'].includes(field) ? field + prefix : field));

  function ofKey(value: unknown, field: KeyField): unknown {
    if (field !== 'srcAddress' && field !== 'dstAddress') return value;
    const address = value as Buffer;
    const isV4 = address.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
    const bits = 128 - (isV4 ? 96 + prefixV4 : prefixV6);
    const left = (BigInt(`0x${address.toString('hex')}`) >> BigInt(bits)) << BigInt(bits);
    return Buffer.from(left.toString(16).padStart(32, '0'), 'hex');
  }

  const { windowStart, windowMs, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance } = flow;
  const { firstNs, lastNs, tcpFlags, minTtl, maxTtl, minLength, maxLength } = flow;
  return {
    ...{ windowStart, windowMs, late: false, keySet: keySet.name, keyFields: names.join(',') },
    ...(Object.fromEntries(kept) as Pick<FlowSummary, KeyField>),
    ...{ samples, packets, bytes, ipBytes, packetsVariance, bytesVariance },
    ...{ firstNs, lastNs, tcpFlags, minTtl, maxTtl, minLength, maxLength },
    key: JSON.stringify(kept),
  };
}

function none(field: KeyField): unknown {
  if (addresses.includes(field)) return Buffer.alloc(16);
  return numbers.includes(field) ? 0 : '';
}

function add(summary: FlowSummary, more: FlowSummary): void {
  for (const sum of ['samples', 'packets', 'bytes', 'ipBytes', 'packetsVariance', 'bytesVariance'] as const)
    summary[sum] += more[sum];
  if (more.firstNs < summary.firstNs) summary.firstNs = more.firstNs;
  if (more.lastNs > summary.lastNs) summary.lastNs = more.lastNs;
  summary.tcpFlags |= more.tcpFlags;
  for (const least of ['minTtl', 'minLength'] as const) summary[least] = Math.min(summary[least], more[least]);
  for (const most of ['maxTtl', 'maxLength'] as const) summary[most] = Math.max(summary[most], more[most]);
}
