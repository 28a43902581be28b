// Turns ring records into SampleBatch messages. Pure: clocks and counters are handed in.

import type { RawSample, SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { FLAG_VLAN, forEachRecord, Record, readU64 } from 'libbpf-ts/record.ts';
import type { AgentIdentity } from './identity.ts';

/** A measuring point of the builder; the key is unique over all captures. */
export interface PointState {
  key: string;
  read(): SourceState;
}

export interface BatchBuilderOptions {
  identity: AgentIdentity;
  batchSamples: number;
  readClock: () => { offsetNs: bigint; uncertaintyNs: number };
  emit: (batch: SampleBatch, sampleCount: number) => void;
}

export interface BatchBuilder {
  /** @param records of one capture, back to back; copied before the call returns */
  add(records: Buffer, pointOf: (slot: number, direction: number) => PointState): void;
  /** Emits what waits, if anything. */
  flush(): void;
  /** Emits a batch without samples that carries the state of these points. */
  emitState(points: readonly PointState[]): void;
  /** Time since the oldest waiting record was added; 0 = none waits. */
  waitingMs(now: number): number;
}

const VLAN_TAG_BYTES = 4;
const MAC_ADDRESSES_BYTES = 12;

export function createBatchBuilder(options: BatchBuilderOptions): BatchBuilder {
  const { identity } = options;
  let batchSequence = 0;
  let samples: RawSample[] = [];
  let points: PointState[] = [];
  let sampleCount = 0;
  let baseKtimeNs = 0;
  let startedAt = 0;
  const indexes = new Map<string, number>();

  function emit(states: readonly PointState[]): void {
    const clock = options.readClock();
    const batch: SampleBatch = {
      ...identity,
      batchSequence: ++batchSequence,
      baseTimeNs: samples.length > 0 ? BigInt(baseKtimeNs) + clock.offsetNs : process.hrtime.bigint() + clock.offsetNs,
      clockOffsetNs: clock.offsetNs,
      clockUncertaintyNs: clock.uncertaintyNs,
      sources: states.map((point) => point.read()),
      samples,
    };
    const count = sampleCount;
    samples = [];
    points = [];
    indexes.clear();
    sampleCount = 0;
    options.emit(batch, count);
  }

  function sourceIndex(point: PointState): number {
    const known = indexes.get(point.key);
    if (known !== undefined) return known;
    indexes.set(point.key, points.length);
    return points.push(point) - 1;
  }

  function flush(): void {
    if (samples.length > 0) emit(points);
  }

  return {
    add(records, pointOf) {
      const copy = Buffer.from(records);
      forEachRecord(copy, (at) => {
        // Kernel time stays below 2^53 ns for 104 days of uptime; beyond it a double loses single nanoseconds only.
        const ktimeNs = readU64(copy, at + Record.KTIME_NS);
        if (samples.length === 0) {
          baseKtimeNs = ktimeNs;
          startedAt = Date.now();
        }
        const slot = copy.readUInt32LE(at + Record.SLOT);
        const direction = copy.readUInt8(at + Record.DIRECTION);
        const count = copy.readUInt32LE(at + Record.SAMPLE_COUNT);
        samples.push({
          source: sourceIndex(pointOf(slot, direction)),
          sequence: readU64(copy, at + Record.SEQUENCE),
          timeOffsetNs: ktimeNs - baseKtimeNs,
          samplingRate: copy.readUInt32LE(at + Record.RATE),
          sampleCount: count,
          segments: copy.readUInt32LE(at + Record.SEGMENTS),
          wireBytes: copy.readUInt32LE(at + Record.WIRE_BYTES),
          etherType: copy.readUInt16LE(at + Record.ETHER_TYPE),
          inputIfIndex: copy.readUInt32LE(at + Record.INPUT_IFINDEX),
          outputIfIndex: copy.readUInt32LE(at + Record.OUTPUT_IFINDEX),
          header: wireHeader(copy, at),
        });
        sampleCount += count;
        if (samples.length >= options.batchSamples) flush();
      });
    },
    flush,
    emitState(states) {
      flush();
      emit(states);
    },
    waitingMs: (now) => (samples.length > 0 ? now - startedAt : 0),
  };
}

/** The header as it is on the wire: a tag that the kernel holds in metadata goes back behind the MAC addresses. */
function wireHeader(records: Buffer, at: number): Buffer {
  const start = at + Record.HEADER;
  const end = start + records.readUInt16LE(at + Record.HEADER_BYTES);
  if (!(records.readUInt8(at + Record.FLAGS) & FLAG_VLAN) || end - start < MAC_ADDRESSES_BYTES)
    return records.subarray(start, end);
  const header = Buffer.allocUnsafe(end - start + VLAN_TAG_BYTES);
  records.copy(header, 0, start, start + MAC_ADDRESSES_BYTES);
  header.writeUInt16BE(records.readUInt16LE(at + Record.VLAN_TPID), MAC_ADDRESSES_BYTES);
  header.writeUInt16BE(records.readUInt16LE(at + Record.VLAN_TCI), MAC_ADDRESSES_BYTES + 2);
  records.copy(header, MAC_ADDRESSES_BYTES + VLAN_TAG_BYTES, start + MAC_ADDRESSES_BYTES, end);
  return header;
}
