// What an emitter knows of one agent while it holds the agent's partition: datagram sequence and uptime are its own,
// sample sequences, pools and drops come from the agent (sFlow version 5, "sFlow Datagram Format"; see docs/reference/sflow.md).
//
// An sFlow data source is an interface, an agent's measuring point an interface and direction: the source's numbers are
// the sums over both directions.

import type { Counters, SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { DatagramBuilder } from './codec/datagram.ts';
import { type FlowSample, headerProtocolOf } from './codec/flow-sample.ts';

export interface SessionOptions {
  subAgentId: number;
  datagramBytes: number;
  headerBytes: number;
  maxAgeMs: number;
}

export interface SessionTally {
  flowSamples: number;
  counterSamples: number;
  /** Samples not emitted, by cause. */
  stale: number;
  unsupported: number;
  /** Of a measuring point that the batch does not describe. */
  stray: number;
}

interface Point {
  sequence: number;
  pool: number;
  drops: number;
}

/** Both directions of an interface. */
type DataSource = Record<SourceState['direction'], Point>;

export interface Session {
  /** @param emit receives a datagram of its own */
  addBatch(batch: SampleBatch, now: number, tally: SessionTally, emit: (datagram: Buffer) => void): void;
  addCounters(counters: Counters, now: number, tally: SessionTally, emit: (datagram: Buffer) => void): void;
  flush(now: number, emit: (datagram: Buffer) => void): void;
}

export function createSession(agentAddress: Buffer, startedAt: number, options: SessionOptions): Session {
  const builder = new DatagramBuilder({
    agentAddress,
    subAgentId: options.subAgentId,
    maxBytes: options.datagramBytes,
    maxHeaderBytes: options.headerBytes,
  });
  const dataSources = new Map<number, DataSource>();
  let bootId = '';
  let sequence = 0;

  function flush(now: number, emit: (datagram: Buffer) => void): void {
    if (builder.count === 0) return;
    // The builder's memory is used again; a socket keeps what it is given until the kernel took it.
    emit(Buffer.from(builder.finish(++sequence, (now - startedAt) >>> 0)));
  }

  /** When the agent restarts its numbers start again, and so do ours (section 7.1: they must, with the pool). */
  function follow(boot: Buffer): void {
    const id = boot.toString('hex');
    if (id === bootId) return;
    bootId = id;
    dataSources.clear();
  }

  function update(state: SourceState): void {
    let source = dataSources.get(state.ifIndex);
    if (!source) {
      const point = () => ({ sequence: 0, pool: 0, drops: 0 });
      source = { ingress: point(), egress: point() };
      dataSources.set(state.ifIndex, source);
    }
    const point = source[state.direction];
    point.pool = state.packets;
    point.drops = state.ringFull + state.copyFailed;
  }

  return {
    addBatch(batch, now, tally, emit) {
      follow(batch.bootId);
      for (const state of batch.sources) update(state);
      const baseMs = Number(batch.baseTimeNs / 1_000_000n);
      // Two CPUs may hand in their samples in another order than they numbered them.
      const samples = [...batch.samples].sort((a, b) => a.sequence - b.sequence);
      for (const raw of samples) {
        const state = batch.sources[raw.source];
        const source = state && dataSources.get(state.ifIndex);
        if (!state || !source) {
          tally.stray += raw.sampleCount;
          continue;
        }
        const point = source[state.direction];
        const other = source[state.direction === 'ingress' ? 'egress' : 'ingress'];
        point.sequence = Math.max(point.sequence, raw.sequence + raw.sampleCount - 1);
        const headerProtocol = headerProtocolOf(state.linkType, raw.etherType);
        if (headerProtocol === null) {
          tally.unsupported += raw.sampleCount;
          continue;
        }
        if (now - (baseMs + raw.timeOffsetNs / 1e6) > options.maxAgeMs) {
          tally.stale += raw.sampleCount;
          continue;
        }
        const ingress = state.direction === 'ingress';
        const sample: FlowSample = {
          sequence: 0,
          ifIndex: state.ifIndex,
          samplingRate: raw.samplingRate,
          samplePool: point.pool + other.pool,
          drops: point.drops + other.drops,
          input: ingress ? state.ifIndex : raw.inputIfIndex,
          output: ingress ? raw.outputIfIndex : state.ifIndex,
          headerProtocol,
          wireBytes: Math.round(raw.wireBytes / Math.max(1, raw.segments)),
          header: raw.header,
          headerOffset: 0,
          headerLength: raw.header.length,
        };
        // Every packet chosen of a GSO buffer is a sample of its own.
        for (let index = 0; index < raw.sampleCount; index++) {
          sample.sequence = raw.sequence + index + other.sequence;
          if (!builder.addFlow(sample)) {
            flush(now, emit);
            builder.addFlow(sample);
          }
          tally.flowSamples++;
        }
      }
    },
    addCounters(counters, now, tally, emit) {
      for (const entry of counters.interfaces) {
        const sample = { sequence: counters.sequence, counters: entry };
        if (!builder.addCounters(sample)) {
          flush(now, emit);
          builder.addCounters(sample);
        }
        tally.counterSamples++;
      }
    },
    flush,
  };
}

/** FNV-1a: the same number for the same name, on every emitter. */
export function subAgentIdOf(agent: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(agent, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
