// Summaries added up by what they are of: records of one key and window, whoever made them.

import type { FlowSummary } from '@tcxflow/schemas/generated.ts';
import { keyFields } from '../key-set.ts';

const additive = ['samples', 'packets', 'bytes', 'packetsVariance'] as const;

type Sums = Pick<FlowSummary, (typeof additive)[number] | 'tcpFlags' | 'firstNs' | 'lastNs'>;

/** By key and window, without what depends on the order of adding. */
export function sumSummaries(summaries: readonly FlowSummary[]): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const summary of summaries) {
    const key = JSON.stringify([summary.keySet, summary.windowStart, ...keyFields.map((field) => summary[field])]);
    const { samples, packets, bytes, packetsVariance, tcpFlags, firstNs, lastNs } = summary;
    const known = sums.get(key);
    if (!known) {
      sums.set(key, { samples, packets, bytes, packetsVariance, tcpFlags, firstNs, lastNs });
      continue;
    }
    for (const field of additive) known[field] += summary[field];
    known.tcpFlags |= tcpFlags;
    if (firstNs < known.firstNs) known.firstNs = firstNs;
    if (lastNs > known.lastNs) known.lastNs = lastNs;
  }
  return sums;
}
