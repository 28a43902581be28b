// What an emitter knows of one agent while it holds the agent's partition: datagram sequence and uptime are its own,
// sample sequences, pools and drops come from the agent (sFlow version 5, "sFlow Datagram Format"; see docs/reference/sflow.md).

import type { Counters, DropBatch } from '@tcxflow/schemas/generated.ts';
import { DatagramBuilder } from './codec/datagram.ts';
import { type FlowSample, headerProtocolOf } from './codec/flow-sample.ts';
import { HOST_SLOTS, type HostAdapter, hasHostSlot } from './codec/host-sample.ts';
import { createDataSources } from './data-sources.ts';
import { createDiscards } from './discards.ts';
import { createDescription } from './packet-description.ts';
import type { WantsPacket } from './prefix-filter.ts';
import type { ReadBatch } from './read-batch.ts';
import { stateSegment } from './segment-header.ts';

export interface SessionOptions {
  subAgentId: number;
  datagramBytes: number;
  headerBytes: number;
  maxAgeMs: number;
  portNames?: boolean;
  /** extended_switch. */
  vlans?: boolean;
  /** VNI and where the inner frame begins. */
  tunnels?: boolean;
  /** When the kernel saw the packet. */
  timestamps?: boolean;
  /** Counters of the machine. */
  host?: boolean;
  /** Keeps one of so many samples; the rate is multiplied, the pool stays what it is. */
  thin?: number;
  wantsInterface?: ((name: string) => boolean) | undefined;
  /** With it samples are numbered here: what is left out of a data source must not look like a loss. */
  wantsPacket?: WantsPacket | undefined;
}

export interface SessionTally {
  flowSamples: number;
  counterSamples: number;
  hostSamples: number;
  discardSamples: number;
  /** Samples not emitted, by cause. */
  stale: number;
  unsupported: number;
  /** Of a measuring point that the batch does not describe. */
  stray: number;
  /** Not wanted by the collector's options. */
  filtered: number;
  thinned: number;
}

export type Emit = (datagram: Buffer) => void;

export function emptyTally(): SessionTally {
  const lost = { stale: 0, unsupported: 0, stray: 0, filtered: 0, thinned: 0 };
  return { flowSamples: 0, counterSamples: 0, hostSamples: 0, discardSamples: 0, ...lost };
}

export interface Session {
  /** @param emit receives a datagram of its own */
  addBatch(batch: ReadBatch, now: number, tally: SessionTally, emit: Emit): void;
  addCounters(counters: Counters, now: number, tally: SessionTally, emit: Emit): void;
  /** Discarded packets: in datagrams of their own. */
  addDrops(batch: DropBatch, now: number, tally: SessionTally, emit: Emit): void;
  flush(now: number, emit: Emit): void;
}

const MAC_BYTES = 6;

export function createSession(agentAddress: Buffer, startedAt: number, options: SessionOptions): Session {
  const { thin = 1, wantsInterface, wantsPacket } = options;
  const build = () =>
    new DatagramBuilder({
      agentAddress,
      subAgentId: options.subAgentId,
      maxBytes: options.datagramBytes,
      maxHeaderBytes: options.headerBytes,
      portName: options.portNames ?? false,
    });
  const builder = build();
  const describe = createDescription(options);
  const dataSources = createDataSources();
  const adapters = new Map<number, HostAdapter>();
  const discards = createDiscards(build, options);
  let countersBootId: Buffer = Buffer.alloc(0);
  let sequence = 0;
  const sample: FlowSample = {
    ...{ sequence: 0, ifIndex: 0, samplingRate: 0, samplePool: 0, drops: 0, input: 0, output: 0 },
    ...{ headerProtocol: 1, wireBytes: 0, header: Buffer.alloc(0), headerOffset: 0, headerLength: 0 },
    ...{ extendedSwitch: null, tunnel: null, timestampNs: null },
  };

  function finish(full: DatagramBuilder, now: number, emit: Emit): void {
    if (full.count === 0) return;
    // The builder's memory is used again; a socket keeps what it is given until the kernel took it.
    emit(Buffer.from(full.finish(++sequence, (now - startedAt) >>> 0)));
  }

  /** Adds all packets chosen of one buffer: with GSO more than one. */
  function addSample(first: number, count: number, now: number, tally: SessionTally, emit: Emit): void {
    for (let index = 0; index < count; index++) {
      const number = first + index;
      if (thin > 1 && number % thin !== 0) {
        tally.thinned++;
        continue;
      }
      sample.sequence = thin > 1 ? number / thin : number;
      if (!builder.addFlow(sample)) {
        finish(builder, now, emit);
        builder.addFlow(sample);
      }
      tally.flowSamples++;
    }
  }

  return {
    addBatch(batch, now, tally, emit) {
      const { head, message, samples, count } = batch;
      dataSources.follow(batch);
      const sources = head.sources.map(({ ifIndex }) => dataSources.of(ifIndex));
      const wanted = wantsInterface && head.sources.map(({ ifName }) => wantsInterface(ifName));
      const baseMs = Number(head.baseTimeNs / 1_000_000n);
      sample.header = message;
      for (let index = 0; index < count; index++) {
        const raw = samples[index];
        const state = raw && head.sources[raw.source];
        const source = raw && sources[raw.source];
        if (!state || !source) {
          tally.stray += raw?.sampleCount ?? 0;
          continue;
        }
        const ingress = state.direction === 'ingress';
        const point = ingress ? source.ingress : source.egress;
        const other = ingress ? source.egress : source.ingress;
        const number = raw.sequence - (point.before?.sequence ?? 0);
        if (number < 1) {
          // Of before this session began.
          tally.stale += raw.sampleCount;
          continue;
        }
        point.sequence = Math.max(point.sequence, number + raw.sampleCount - 1);
        if (wanted?.[raw.source] === false) {
          tally.filtered += raw.sampleCount;
          continue;
        }
        const headerProtocol = headerProtocolOf(state.linkType, raw.etherType);
        if (headerProtocol === null) {
          tally.unsupported += raw.sampleCount;
          continue;
        }
        if (wantsPacket && !wantsPacket(message, raw, state.linkType)) {
          tally.filtered += raw.sampleCount;
          continue;
        }
        if (now - (baseMs + raw.timeOffsetNs / 1e6) > options.maxAgeMs) {
          tally.stale += raw.sampleCount;
          continue;
        }
        sample.ifIndex = state.ifIndex;
        sample.samplingRate = raw.samplingRate * thin;
        sample.samplePool = point.pool + other.pool;
        sample.drops = Math.floor((point.drops + other.drops) / thin);
        sample.input = ingress ? state.ifIndex : raw.inputIfIndex;
        sample.output = ingress ? raw.outputIfIndex : state.ifIndex;
        sample.headerProtocol = headerProtocol;
        sample.wireBytes = raw.segments > 1 ? Math.round(raw.wireBytes / raw.segments) : raw.wireBytes;
        sample.headerOffset = raw.headerAt;
        sample.headerLength = raw.headerBytes;
        if (raw.segments > 1) stateSegment(message, raw, state.linkType, sample.wireBytes);
        describe?.(sample, state, raw, head.baseTimeNs);
        const first = wantsPacket ? source.wanted + 1 : number + other.sequence;
        source.wanted += raw.sampleCount;
        addSample(first, raw.sampleCount, now, tally, emit);
      }
    },
    addCounters(counters, now, tally, emit) {
      // A topic may be behind the other: each follows the agent by itself.
      if (!counters.bootId.equals(countersBootId)) adapters.clear();
      countersBootId = counters.bootId;
      for (const { ifIndex, netns, removed, mac } of counters.metadata) {
        const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex');
        if (removed || netns !== '' || bytes.length !== MAC_BYTES || bytes.every((byte) => byte === 0))
          adapters.delete(ifIndex);
        else adapters.set(ifIndex, { ifIndex, mac: bytes });
      }
      const add = (addTo: () => boolean) => {
        if (!addTo()) {
          finish(builder, now, emit);
          addTo();
        }
      };
      const { sequence: number, host } = counters;
      if (host && options.host) {
        const known = [...adapters.values()].sort((a, b) => a.ifIndex - b.ifIndex);
        const sample = { sequence: number, host, adapters: known };
        for (let slot = 0; slot < HOST_SLOTS; slot++)
          if (hasHostSlot(sample, slot)) {
            add(() => builder.addHost(sample, slot));
            tally.hostSamples++;
          }
      }
      for (const entry of counters.interfaces) {
        if (wantsInterface && !wantsInterface(entry.ifName)) {
          tally.filtered++;
          continue;
        }
        add(() => builder.addCounters({ sequence: number, counters: entry }));
        tally.counterSamples++;
      }
    },
    addDrops(batch, now, tally, emit) {
      discards.add(batch, now, tally, (full) => finish(full, now, emit));
    },
    flush(now, emit) {
      finish(builder, now, emit);
      finish(discards.builder, now, emit);
    },
  };
}

/** FNV-1a: the same number for the same name, on every emitter. */
export function subAgentIdOf(agent: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(agent, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
