// Flows as anybody would add them up, from batches as objects: what the rows are held against.

import type { DecodedBatch, DecodedSample, Flow } from '@tcxflow/schemas/generated.ts';

const country = (code: number) => (code === 0 ? '' : String.fromCharCode(code >> 8, code & 0xff));

export function naiveFlows(batches: readonly DecodedBatch[], windowMs: number): Flow[] {
  const windows = new Map<number, Map<string, Flow>>();
  for (const batch of batches)
    for (const sample of batch.samples) {
      const flow = flowOfOne(batch, sample, windowMs);
      const flows = windows.get(flow.windowStart) ?? new Map<string, Flow>();
      windows.set(flow.windowStart, flows);
      const key = identity(flow);
      const known = flows.get(key);
      if (known) add(known, flow);
      else flows.set(key, flow);
    }
  return [...windows.entries()].sort(([a], [b]) => a - b).flatMap(([, flows]) => [...flows.values()]);
}

function identity(flow: Flow): string {
  const { agent, ifIndex, direction, inputIfIndex, outputIfIndex, vlanId, innerVlanId, etherType, protocol } = flow;
  const { srcPort, dstPort, dscp, stop, tunnelKind, tunnelId } = flow;
  const addresses = [flow.srcAddress, flow.dstAddress, flow.outerSrcAddress, flow.outerDstAddress];
  return JSON.stringify([
    [agent, ifIndex, direction, inputIfIndex, outputIfIndex, vlanId, innerVlanId, etherType, protocol],
    [srcPort, dstPort, dscp, stop, tunnelKind, tunnelId],
    addresses.map((address) => address.toString('hex')),
  ]);
}

function flowOfOne(batch: DecodedBatch, sample: DecodedSample, windowMs: number): Flow {
  const timeNs = batch.baseTimeNs + BigInt(sample.timeOffsetNs);
  const windowNs = BigInt(windowMs) * 1_000_000n;
  const inWindowNs = ((timeNs % windowNs) + windowNs) % windowNs;
  const source = batch.sources[sample.source] as DecodedBatch['sources'][number];
  const { samplingRate: rate, sampleCount: count, segments, wireBytes, ipBytes, tunnel } = sample;
  const isIcmp = sample.protocol === 1 || sample.protocol === 58;
  const variance = count * rate * (rate - 1);
  return {
    windowStart: Number((timeNs - inWindowNs) / 1_000_000n),
    windowMs,
    late: false,
    agent: batch.agent,
    agentAddress: batch.agentAddress,
    ifIndex: source.ifIndex,
    ifName: source.ifName,
    direction: source.direction,
    inputIfIndex: sample.inputIfIndex,
    outputIfIndex: sample.outputIfIndex,
    vlanId: sample.vlanId,
    innerVlanId: sample.innerVlanId,
    etherType: sample.etherType,
    srcAddress: sample.srcAddress,
    dstAddress: sample.dstAddress,
    protocol: sample.protocol,
    srcPort: sample.srcPort,
    dstPort: isIcmp ? sample.icmpType * 256 + sample.icmpCode : sample.dstPort,
    dscp: sample.dscp,
    stop: sample.stop,
    samples: count,
    packets: rate * count,
    bytes: Math.round((rate * count * wireBytes) / segments),
    ipBytes: Math.round((rate * count * ipBytes) / segments),
    packetsVariance: variance,
    bytesVariance: variance * (wireBytes / segments) * (wireBytes / segments),
    firstNs: timeNs,
    lastNs: timeNs,
    tcpFlags: sample.tcpFlags,
    minTtl: sample.ttl,
    maxTtl: sample.ttl,
    minLength: Math.round(wireBytes / segments),
    maxLength: Math.round(wireBytes / segments),
    decoderVersion: batch.decoderVersion,
    tunnelKind: tunnel?.kind ?? 0,
    tunnelId: tunnel?.id ?? 0,
    outerSrcAddress: tunnel?.outerSrcAddress ?? Buffer.alloc(16),
    outerDstAddress: tunnel?.outerDstAddress ?? Buffer.alloc(16),
    mplsLabel: sample.mplsLabels[0] ?? 0,
    srcAs: batch.autonomousSystems[sample.srcAs - 1]?.number ?? 0,
    dstAs: batch.autonomousSystems[sample.dstAs - 1]?.number ?? 0,
    srcCountry: country(sample.srcCountry),
    dstCountry: country(sample.dstCountry),
    srcNetwork: batch.networks[sample.srcNetwork - 1]?.name ?? '',
    dstNetwork: batch.networks[sample.dstNetwork - 1]?.name ?? '',
    ifAlias: source.ifAlias,
    ifBoundary: source.ifBoundary,
    agentSite: batch.agentSite,
    agentRole: batch.agentRole,
    communityId: '',
  };
}

function add(flow: Flow, more: Flow): void {
  for (const sum of ['samples', 'packets', 'bytes', 'ipBytes', 'packetsVariance', 'bytesVariance'] as const)
    flow[sum] += more[sum];
  if (more.firstNs < flow.firstNs) flow.firstNs = more.firstNs;
  if (more.lastNs > flow.lastNs) flow.lastNs = more.lastNs;
  flow.tcpFlags |= more.tcpFlags;
  for (const least of ['minTtl', 'minLength'] as const) flow[least] = Math.min(flow[least], more[least]);
  for (const most of ['maxTtl', 'maxLength'] as const) flow[most] = Math.max(flow[most], more[most]);
}
