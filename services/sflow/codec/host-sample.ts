// counters_sample_expanded of the machine, data source 2:1 as host-sflow has it (sFlow Host Structures).
//
//   tag 4, length
//   sequence, ds_class 2, ds_index 1, record count                           4 × u32
//   [ 2000 host_descr ] [ 2003 … 2010, see host-records.ts ] [ 2001 host_adapters ]

import type { HostCounters, HostDescription } from '@tcxflow/schemas/generated.ts';
import {
  COUNTERS_SAMPLE_EXPANDED,
  DATA_SOURCE_PHYSICAL_ENTITY,
  HOST_ADAPTERS,
  HOST_DESCR,
  HOST_INDEX,
  UNKNOWN_U32,
} from './constants.ts';
import { type FieldKind, HOST_RECORDS } from './host-records.ts';
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
  /** From 1, made where the counters were read. */
  sequence: number;
  host: HostCounters;
  /** Empty: not known, and left out. */
  adapters: readonly HostAdapter[];
}

const MAX_HOSTNAME_BYTES = 64;
const MAX_OS_RELEASE_BYTES = 32;
/** The specification has no bound; so many fit into a datagram of 1400 bytes beside everything else. */
export const MAX_ADAPTERS = 30;
const NO_UUID = Buffer.alloc(16);
const UNKNOWN_64 = Buffer.alloc(8, 0xff);

const WIRE_BYTES: Record<FieldKind, number> = { counter: 4, gauge: 4, load: 4, percent: 4, counter64: 8, gauge64: 8 };

/** The largest sample of a machine. */
export const MAX_HOST_SAMPLE_BYTES =
  8 +
  16 +
  (8 + 4 + MAX_HOSTNAME_BYTES + 16 + 8 + 4 + MAX_OS_RELEASE_BYTES) +
  HOST_RECORDS.reduce((sum, { fields }) => fields.reduce((bytes, [kind]) => bytes + WIRE_BYTES[kind], sum + 8), 0) +
  (8 + 4 + MAX_ADAPTERS * 16);

/** Look at `sink.overflow` afterwards. */
export function writeHostSample(sink: Sink, sample: HostSample): void {
  const { host, adapters } = sample;
  writeU32(sink, COUNTERS_SAMPLE_EXPANDED);
  const length = openLength(sink);
  writeU32(sink, sample.sequence);
  writeU32(sink, DATA_SOURCE_PHYSICAL_ENTITY);
  writeU32(sink, HOST_INDEX);
  const known = HOST_RECORDS.filter(({ group }) => host[group] !== null);
  writeU32(sink, known.length + (host.description ? 1 : 0) + (adapters.length > 0 ? 1 : 0));
  if (host.description) writeDescription(sink, host.description);
  for (const { tag, group, fields } of known) {
    writeU32(sink, tag);
    const opened = openLength(sink);
    // The tables name fields of their group; the types say so where they are written.
    const values = host[group] as unknown as Record<string, number | null>;
    for (const [kind, name] of fields) WRITERS[kind](sink, values[name] ?? null);
    closeLength(sink, opened);
  }
  if (adapters.length > 0) writeAdapters(sink, adapters);
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
