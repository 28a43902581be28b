// Finds the flow samples of a datagram that has nothing else, each with a sampled header, without making an object of
// anything: that is nearly every datagram of a busy switch, and decoding them to objects was most of what receiving cost.
// For any other, and for any that is broken, decodeDatagram says what it is; the tests hold the two against each other.

import {
  ADDRESS_IPV4,
  ADDRESS_IPV6,
  FLOW_SAMPLE,
  FLOW_SAMPLE_EXPANDED,
  SAMPLED_HEADER,
  SFLOW_VERSION,
} from '../codec/constants.ts';
import type { DecodedFlowSample } from '../codec/decode-flow-sample.ts';

/** A flow sample without its records. */
export type FlowFields = Omit<DecodedFlowSample, 'kind' | 'expanded' | 'records'>;

/** With its first sampled header. */
export interface FlowView extends FlowFields {
  protocol: number;
  frameLength: number;
  stripped: number;
  /** Offset of the header's first byte. */
  headerAt: number;
  headerBytes: number;
}

/** Filled by scanFlows; used again for the next datagram. */
export interface DatagramView {
  /** Offsets of the agent's address and of what follows it, the sub-agent. */
  addressAt: number;
  subAgentAt: number;
  sequence: number;
  uptimeMs: number;
  /** The first `count` of them are of this datagram. */
  flows: FlowView[];
  count: number;
}

/** Tag and length. */
const ENTRY_BYTES = 8;
/** Sequence, rate, pool, drops and the count of records; source, input and output have one word each, or two. */
const FLOW_WORDS = 5 + 3;
const FLOW_EXPANDED_WORDS = 5 + 6;
const SAMPLED_HEADER_BYTES = 16;

export function createDatagramView(): DatagramView {
  return { addressAt: 0, subAgentAt: 0, sequence: 0, uptimeMs: 0, flows: [], count: 0 };
}

/**
 * @param start offset of the datagram
 * @returns false: it is something else, and what `into` has is of no use
 */
export function scanFlows(view: DataView, start: number, end: number, into: DatagramView): boolean {
  if (end - start < 28 || view.getUint32(start) !== SFLOW_VERSION) return false;
  const addressType = view.getUint32(start + 4);
  if (addressType !== ADDRESS_IPV4 && addressType !== ADDRESS_IPV6) return false;
  into.addressAt = start + 8;
  into.subAgentAt = into.addressAt + (addressType === ADDRESS_IPV4 ? 4 : 16);
  if (end - into.subAgentAt < 16) return false;
  into.sequence = view.getUint32(into.subAgentAt + 4);
  into.uptimeMs = view.getUint32(into.subAgentAt + 8);
  into.count = view.getUint32(into.subAgentAt + 12);
  let at = into.subAgentAt + 16;
  if (into.count > (end - at) / ENTRY_BYTES) return false;
  for (let i = 0; i < into.count; i++) {
    if (end - at < ENTRY_BYTES) return false;
    const tag = view.getUint32(at);
    const length = view.getUint32(at + 4);
    at += ENTRY_BYTES;
    if ((tag !== FLOW_SAMPLE && tag !== FLOW_SAMPLE_EXPANDED) || length > end - at) return false;
    let flow = into.flows[i];
    if (!flow) into.flows[i] = flow = emptyFlow();
    if (!scanFlow(view, at, at + length, tag === FLOW_SAMPLE_EXPANDED, flow)) return false;
    at = Math.min(at + length + (-length & 3), end);
  }
  return true;
}

function scanFlow(view: DataView, start: number, end: number, expanded: boolean, flow: FlowView): boolean {
  let at = start;
  if (end - at < 4 * (expanded ? FLOW_EXPANDED_WORDS : FLOW_WORDS)) return false;
  flow.sequence = view.getUint32(at);
  const source = view.getUint32(at + 4);
  if (expanded) {
    flow.sourceClass = source;
    flow.sourceIndex = view.getUint32(at + 8);
    at += 12;
  } else {
    flow.sourceClass = source >>> 24;
    flow.sourceIndex = source & 0xffffff;
    at += 8;
  }
  flow.samplingRate = view.getUint32(at);
  flow.samplePool = view.getUint32(at + 4);
  flow.drops = view.getUint32(at + 8);
  const input = view.getUint32(at + 12);
  if (expanded) {
    flow.inputFormat = input;
    flow.input = view.getUint32(at + 16);
    flow.outputFormat = view.getUint32(at + 20);
    flow.output = view.getUint32(at + 24);
    at += 28;
  } else {
    const output = view.getUint32(at + 16);
    flow.inputFormat = input >>> 30;
    flow.input = input & 0x3fffffff;
    flow.outputFormat = output >>> 30;
    flow.output = output & 0x3fffffff;
    at += 20;
  }
  return scanRecords(view, at, end, flow);
}

/** @param start of the count */
function scanRecords(view: DataView, start: number, end: number, flow: FlowView): boolean {
  let found = false;
  let at = start + 4;
  const count = view.getUint32(start);
  if (count > (end - at) / ENTRY_BYTES) return false;
  for (let i = 0; i < count; i++) {
    if (end - at < ENTRY_BYTES) return false;
    const tag = view.getUint32(at);
    const length = view.getUint32(at + 4);
    at += ENTRY_BYTES;
    if (length > end - at) return false;
    if (tag === SAMPLED_HEADER && !found) found = scanSampledHeader(view, at, length, flow);
    at = Math.min(at + length + (-length & 3), end);
  }
  return found;
}

function scanSampledHeader(view: DataView, at: number, length: number, flow: FlowView): boolean {
  if (length < SAMPLED_HEADER_BYTES) return false;
  flow.headerBytes = view.getUint32(at + 12);
  if (flow.headerBytes > length - SAMPLED_HEADER_BYTES) return false;
  flow.protocol = view.getUint32(at);
  flow.frameLength = view.getUint32(at + 4);
  flow.stripped = view.getUint32(at + 8);
  flow.headerAt = at + SAMPLED_HEADER_BYTES;
  return true;
}

function emptyFlow(): FlowView {
  return {
    ...{ sequence: 0, sourceClass: 0, sourceIndex: 0, samplingRate: 0, samplePool: 0, drops: 0 },
    ...{ inputFormat: 0, input: 0, outputFormat: 0, output: 0 },
    ...{ protocol: 0, frameLength: 0, stripped: 0, headerAt: 0, headerBytes: 0 },
  };
}
