// A session whose datagrams are read back, and the batches that go in.

import assert from 'node:assert/strict';
import type { Counters, DropBatch, RawSample, SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { type Datagram, decodeDatagram } from '../codec/decode-datagram.ts';
import type { DecodedFlowSample, DecodedSampledHeader } from '../codec/decode-flow-sample.ts';
import { createBatchReader } from '../read-batch.ts';
import { createSession, emptyTally, type SessionOptions } from '../session.ts';

export const AGENT = Buffer.from('00000000000000000000ffffc0000201', 'hex');
export const STARTED = 1_767_225_600_000;
export const NOW = STARTED + 5000;

export function source(fields: Partial<SourceState> = {}): SourceState {
  const counts = {
    packets: 1000,
    buffers: 900,
    bytes: 64_000,
    selected: 10,
    ringFull: 0,
    copyFailed: 0,
    own: 0,
    ownSelected: 0,
    lostOnWay: 0,
  };
  return { ifIndex: 2, ifName: 'eth0', direction: 'ingress', linkType: 'ethernet', ...counts, ...fields };
}

export function raw(sequence: number, fields: Partial<RawSample> = {}): RawSample {
  const numbers = { timeOffsetNs: 0, samplingRate: 100, sampleCount: 1, segments: 1, wireBytes: 1514 };
  const interfaces = { source: 0, inputIfIndex: 0, outputIfIndex: 0 };
  return { ...interfaces, ...numbers, sequence, etherType: 0x0800, header: Buffer.alloc(60, sequence), ...fields };
}

export function batch(samples: RawSample[], sources = [source()], fields: Partial<SampleBatch> = {}): SampleBatch {
  return {
    agent: 'host-1',
    agentAddress: AGENT,
    bootId: Buffer.alloc(16, 1),
    batchSequence: 1,
    baseTimeNs: BigInt(NOW) * 1_000_000n,
    clockOffsetNs: 0n,
    clockUncertaintyNs: 0,
    sources,
    samples,
    ...fields,
  };
}

/** A session whose datagrams are read back. */
export function session(options: Partial<SessionOptions> = {}) {
  const sent = createSession(AGENT, STARTED, {
    subAgentId: 7,
    datagramBytes: 1400,
    headerBytes: 128,
    maxAgeMs: 10_000,
    ...options,
  });
  const read = createBatchReader();
  const tally = emptyTally();
  const datagrams: Datagram[] = [];
  const emit = (bytes: Buffer) => {
    assert.ok(bytes.length <= (options.datagramBytes ?? 1400));
    const datagram = decodeDatagram(bytes);
    assert.ok(datagram.ok);
    datagrams.push(datagram);
  };
  return {
    tally,
    datagrams,
    add: (given: SampleBatch, now = NOW) => sent.addBatch(read(sampleBatchCodec.encode(given)), now, tally, emit),
    addDrops: (given: DropBatch) => sent.addDrops(given, NOW, tally, emit),
    addCounters: (given: Counters) => sent.addCounters(given, NOW, tally, emit),
    /** All flow samples so far. */
    flows(now = NOW): DecodedFlowSample[] {
      sent.flush(now, emit);
      return datagrams.flatMap(({ samples }) => samples).filter((sample) => sample.kind === 'flow');
    },
  };
}

export const headerOf = (flow: DecodedFlowSample | undefined) => flow?.records[0] as DecodedSampledHeader;
