// counters_sample_expanded of the machine, data source 2:1 as host-sflow has it (sFlow Host Structures).
//
//   tag 4, length
//   sequence, ds_class 2, ds_index 1, record count 1                         4 × u32
//   2000 host_descr, or 2001 host_adapters, or one of 2003 … 2010 (host-records.ts)
//
// Each structure is a sample of its own: tshark (4.0.17) does not step over counter records that it does not know, reads the
// next one inside them, and calls datagrams malformed. host-sflow puts all into one sample.

import type { HostCounters, HostDescription } from '@tcxflow/schemas/generated.ts';
import {
  COUNTERS_SAMPLE_EXPANDED,
  DATA_SOURCE_PHYSICAL_ENTITY,
  HOST_ADAPTERS,
  HOST_DESCR,
  HOST_INDEX,
  UNKNOWN_U32,
} from './constants.ts';
import { type FieldKind, HOST_RECORDS, type HostRecord } from './host-records.ts';
import {
  closeLength,
  openLength,
  reserve,
  type Sink,
  writeFixedOpaque,
  writeI32,
  writeString,
  writeU32,
  writeU64,
} from './xdr-sink.ts';

export interface HostAdapter {
  ifIndex: number;
  /** 6 bytes. */
  mac: Buffer;
}

export interface HostSample {
  /** Of the poll, from 1, made where the counters were read; the samples of a poll are numbered on from it. */
  sequence: number;
  host: HostCounters;
  adapters: readonly HostAdapter[];
}

/** Samples of a poll: description, adapters, and the groups of host-records.ts. */
export const HOST_SLOTS = 2 + HOST_RECORDS.length;

/** Whether the agent has it. Adapters are always told, as none when they are not known: the sequence has no gap then. */
export function hasHostSlot({ host }: HostSample, slot: number): boolean {
  if (slot === 0) return host.description !== null;
  const group = HOST_RECORDS[slot - 2]?.group;
  return group === undefined || host[group] !== null;
}

const MAX_HOSTNAME_BYTES = 64;
const MAX_OS_RELEASE_BYTES = 32;
/** As host-sflow has it; the specification has no bound. */
export const MAX_ADAPTERS = 32;
const NO_UUID = Buffer.alloc(16);
const UNKNOWN_64 = Buffer.alloc(8, 0xff);

const WIRE_BYTES: Record<FieldKind, number> = { counter: 4, gauge: 4, load: 4, percent: 4, counter64: 8, gauge64: 8 };

const recordBytes = HOST_RECORDS.map(({ fields }) => fields.reduce((sum, [kind]) => sum + WIRE_BYTES[kind], 0));

/** The largest sample of a machine. */
export const MAX_HOST_SAMPLE_BYTES =
  8 +
  16 +
  8 +
  Math.max(...recordBytes, 4 + MAX_ADAPTERS * 16, 4 + MAX_HOSTNAME_BYTES + 16 + 8 + 4 + MAX_OS_RELEASE_BYTES);

/** One sample of a poll, that hasHostSlot() has. Look at `sink.overflow` afterwards. */
export function writeHostSample(sink: Sink, sample: HostSample, slot: number): void {
  const { host, adapters, sequence } = sample;
  writeU32(sink, COUNTERS_SAMPLE_EXPANDED);
  const length = openLength(sink);
  writeU32(sink, (sequence - 1) * HOST_SLOTS + slot + 1);
  writeU32(sink, DATA_SOURCE_PHYSICAL_ENTITY);
  writeU32(sink, HOST_INDEX);
  writeU32(sink, 1);
  const record = HOST_RECORDS[slot - 2];
  if (record) writeHostRecord(sink, record, host);
  else if (slot === 1) writeAdapters(sink, adapters);
  else if (host.description) writeDescription(sink, host.description);
  closeLength(sink, length);
}

function writeHostRecord(sink: Sink, { tag, group, fields }: HostRecord, host: HostCounters): void {
  writeU32(sink, tag);
  const length = openLength(sink);
  // The tables name fields of their group; the types say so where they are written.
  const values = host[group] as unknown as Record<string, number | null>;
  for (const [kind, name] of fields) WRITERS[kind](sink, values[name] ?? null);
  closeLength(sink, length);
}

function writeDescription(sink: Sink, description: HostDescription): void {
  writeU32(sink, HOST_DESCR);
  const length = openLength(sink);
  writeString(sink, description.hostname, MAX_HOSTNAME_BYTES);
  writeFixedOpaque(sink, description.uuid ?? NO_UUID, 0, 16);
  writeU32(sink, description.machineType);
  writeU32(sink, description.osName);
  writeString(sink, description.osRelease ?? '', MAX_OS_RELEASE_BYTES);
  closeLength(sink, length);
}

function writeAdapters(sink: Sink, adapters: readonly HostAdapter[]): void {
  const sent = adapters.slice(0, MAX_ADAPTERS);
  writeU32(sink, HOST_ADAPTERS);
  const length = openLength(sink);
  writeU32(sink, sent.length);
  for (const { ifIndex, mac } of sent) {
    writeU32(sink, ifIndex);
    writeU32(sink, 1);
    writeFixedOpaque(sink, mac, 0, 6);
  }
  closeLength(sink, length);
}

const WRITERS: Record<FieldKind, (sink: Sink, value: number | null) => void> = {
  counter: (sink, value) => writeU32(sink, value ?? UNKNOWN_U32),
  counter64(sink, value) {
    if (value === null) writeFixedOpaque(sink, UNKNOWN_64, 0, 8);
    else writeU64(sink, value);
  },
  gauge: (sink, value) => writeU32(sink, value ?? 0),
  gauge64: (sink, value) => writeU64(sink, value ?? 0),
  load: (sink, value) => writeF32(sink, value ?? -1),
  percent: (sink, value) => writeI32(sink, value === null ? -1 : Math.round(value * 100)),
};

function writeF32(sink: Sink, value: number): void {
  const at = reserve(sink, 4);
  if (at >= 0) sink.buffer.writeFloatBE(value, at);
}
