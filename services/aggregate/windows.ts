// Event-time tumbling windows of one partition: samples in, flows out. Pure; time and offsets are handed in.
//
// Every measure is additive, so a window may be emitted more than once: what comes late makes a further record.

import type { DecodedBatch, DecodedSample, Flow } from '@tcxflow/schemas/generated.ts';
import { destinationPort, flowKey } from './flow-key.ts';

/** Source partition → highest source offset seen: what is not above it was seen before. */
export type HighWater = Map<number, number>;

/** Flow's later fields: the engine that fills them is being written. */
const NOT_YET = {
  tunnelKind: 0,
  tunnelId: 0,
  outerSrcAddress: Buffer.alloc(16),
  outerDstAddress: Buffer.alloc(16),
  mplsLabel: 0,
  srcAs: 0,
  dstAs: 0,
  srcCountry: '',
  dstCountry: '',
  srcNetwork: '',
  dstNetwork: '',
  ifAlias: '',
  ifBoundary: '',
  agentSite: '',
  agentRole: '',
  communityId: '',
};

interface Accumulator extends Omit<Flow, 'firstNs' | 'lastNs'> {
  /** ns from the window's start: exact as numbers, where ns since 1970 are not. */
  firstNs: number;
  lastNs: number;
}

export interface Window {
  startMs: number;
  late: boolean;
  /** The first offset that put a sample into it: reading again must start there. */
  firstOffset: number;
  /** High water before that offset. */
  highWater: HighWater;
  flows: Map<string, Accumulator>;
}

export interface WindowSet {
  readonly windows: Map<number, Window>;
  readonly highWater: HighWater;
  /** Newest event time seen, ms; -Infinity before the first. */
  newestMs: number;
  /** All windows that end at or before this were emitted. */
  closedUpToMs: number;
}

export function createWindowSet(highWater: HighWater = new Map()): WindowSet {
  return { windows: new Map(), highWater, newestMs: -Infinity, closedUpToMs: -Infinity };
}

export interface AddResult {
  duplicate: boolean;
  samples: number;
  lateSamples: number;
}

/**
 * Adds a batch that was read at `offset`.
 * @param wanted says whether this window still needs samples of this offset (all, except when reading again)
 */
export function addBatch(
  set: WindowSet,
  batch: DecodedBatch,
  offset: number,
  windowMs: number,
  wanted: (windowStartMs: number) => boolean,
): AddResult {
  const result: AddResult = { duplicate: false, samples: 0, lateSamples: 0 };
  const seen = set.highWater.get(batch.sourcePartition);
  if (seen !== undefined && batch.sourceOffset <= seen) return { ...result, duplicate: true };
  const highWaterBefore = new Map(set.highWater);
  set.highWater.set(batch.sourcePartition, batch.sourceOffset);

  const baseMs = Number(batch.baseTimeNs / 1_000_000n);
  const baseRestNs = Number(batch.baseTimeNs % 1_000_000n);
  for (const sample of batch.samples) {
    const restNs = baseRestNs + sample.timeOffsetNs;
    const timeMs = baseMs + Math.floor(restNs / 1e6);
    if (timeMs > set.newestMs) set.newestMs = timeMs;
    const startMs = timeMs - (((timeMs % windowMs) + windowMs) % windowMs);
    if (!wanted(startMs)) continue;
    let window = set.windows.get(startMs);
    if (!window) {
      const late = startMs + windowMs <= set.closedUpToMs;
      window = { startMs, late, firstOffset: offset, highWater: highWaterBefore, flows: new Map() };
      set.windows.set(startMs, window);
    }
    if (window.late) result.lateSamples += sample.sampleCount;
    result.samples += sample.sampleCount;
    const inWindowNs = (timeMs - startMs) * 1e6 + (restNs - Math.floor(restNs / 1e6) * 1e6);
    addSample(window, batch, sample, inWindowNs, windowMs);
  }
  return result;
}

function addSample(window: Window, batch: DecodedBatch, sample: DecodedSample, timeNs: number, windowMs: number): void {
  const key = flowKey(batch, sample);
  let flow = window.flows.get(key);
  if (!flow) {
    flow = newFlow(window, batch, sample, timeNs, windowMs);
    window.flows.set(key, flow);
  }
  const { samplingRate: rate, sampleCount: count } = sample;
  const segments = Math.max(1, sample.segments);
  const frameBytes = sample.wireBytes / segments;
  // Scaled before rounding: a rate of 1 gives the buffer's exact bytes, any other an error far below one byte in N.
  flow.samples += count;
  flow.packets += rate * count;
  flow.bytes += Math.round((rate * count * sample.wireBytes) / segments);
  flow.ipBytes += Math.round((rate * count * sample.ipBytes) / segments);
  const variance = count * rate * (rate - 1);
  flow.packetsVariance += variance;
  flow.bytesVariance += variance * frameBytes * frameBytes;
  flow.tcpFlags |= sample.tcpFlags;
  if (timeNs < flow.firstNs) flow.firstNs = timeNs;
  if (timeNs > flow.lastNs) flow.lastNs = timeNs;
  if (sample.ttl < flow.minTtl) flow.minTtl = sample.ttl;
  if (sample.ttl > flow.maxTtl) flow.maxTtl = sample.ttl;
  const length = Math.round(frameBytes);
  if (length < flow.minLength) flow.minLength = length;
  if (length > flow.maxLength) flow.maxLength = length;
}

function newFlow(
  window: Window,
  batch: DecodedBatch,
  sample: DecodedSample,
  timeNs: number,
  windowMs: number,
): Accumulator {
  const source = batch.sources[sample.source];
  const length = Math.round(sample.wireBytes / Math.max(1, sample.segments));
  return {
    windowStart: window.startMs,
    windowMs,
    late: window.late,
    agent: batch.agent,
    agentAddress: batch.agentAddress,
    ifIndex: source?.ifIndex ?? 0,
    ifName: source?.ifName ?? '',
    direction: source?.direction ?? 'ingress',
    inputIfIndex: sample.inputIfIndex,
    outputIfIndex: sample.outputIfIndex,
    vlanId: sample.vlanId,
    innerVlanId: sample.innerVlanId,
    etherType: sample.etherType,
    srcAddress: sample.srcAddress,
    dstAddress: sample.dstAddress,
    protocol: sample.protocol,
    srcPort: sample.srcPort,
    dstPort: destinationPort(sample),
    dscp: sample.dscp,
    stop: sample.stop,
    samples: 0,
    packets: 0,
    bytes: 0,
    ipBytes: 0,
    packetsVariance: 0,
    bytesVariance: 0,
    firstNs: timeNs,
    lastNs: timeNs,
    tcpFlags: 0,
    minTtl: sample.ttl,
    maxTtl: sample.ttl,
    minLength: length,
    maxLength: length,
    decoderVersion: batch.decoderVersion,
    ...NOT_YET,
  };
}

/** The flow as it goes out. */
export function finishFlow(flow: Accumulator): Flow {
  const startNs = BigInt(flow.windowStart) * 1_000_000n;
  return { ...flow, firstNs: startNs + BigInt(flow.firstNs), lastNs: startNs + BigInt(flow.lastNs) };
}

/**
 * Windows that end at or before the watermark, oldest first; and when more than the bounds stay open, the oldest of those.
 * That is never wrong, as samples that come later make a further record.
 */
export function dueWindows(
  set: WindowSet,
  watermarkMs: number,
  windowMs: number,
  bounds: { windows: number; flows: number } = { windows: Infinity, flows: Infinity },
): Window[] {
  const byAge = [...set.windows.values()].sort((a, b) => a.startMs - b.startMs);
  const open = byAge.findIndex((window) => window.startMs + windowMs > watermarkMs);
  const ended = open < 0 ? byAge.length : open;
  let flows = 0;
  for (const window of byAge.slice(ended)) flows += window.flows.size;
  let count = ended;
  for (; byAge.length - count > bounds.windows || flows > bounds.flows; count++)
    flows -= (byAge[count] as Window).flows.size;
  return byAge.slice(0, count);
}
