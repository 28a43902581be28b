// Dropped packets of the whole host, with the kernel's reason: counts all by reason, samples some.
//
// Who owns what: a Drops owns the loaded program, its link, maps, ring and reader thread. Nothing is pinned, so the kernel
// takes everything away when the process ends, however it ends.

import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createDropReasons } from './drop-reasons.ts';
import { DROP_HEADER_MAX, DROP_SLOTS, DropConfig, DropCounters } from './drop-record.ts';
import { CaptureError } from './errors.ts';
import { type NativeCapture, native } from './native.ts';
import { readU64 } from './record.ts';

export interface DropsOptions {
  /** N of 1:N; 1 = every drop. */
  rate: number;
  /** Of each reason; what is above is counted as lost. */
  maxPerSecond: number;
  /** 0 to 128. Default 128. */
  headerBytes?: number;
  /** A power of two of pages; 200 B a record. Default 1 MiB. */
  ringBytes?: number;
  /** Longest time a record waits in the ring. Default 50. */
  tickMs?: number;
  /** Compiled drops.bpf.c; default: the one that comes with the package. */
  objectPath?: string;
  /** Receives records back to back (forEachDrop); the buffer is reused when the call returns. */
  onBatch: (batch: Buffer) => void;
}

/** Of one reason, cumulative since the drops were opened. */
export interface ReasonCounters {
  /** Dropped packets as the kernel has them, a GSO buffer being one: the pool. */
  buffers: number;
  /** The same on the wire. */
  packets: number;
  /** Dropped buffers that are no packets, of AF_UNIX and netlink sockets: not in the pool. */
  local: number;
  selected: number;
  overBound: number;
  ringFull: number;
}

export interface Drops {
  /** Slots are those of slotOfReason(). */
  counters(slot: number): ReasonCounters;
  /** Slots of all reasons for which anything was counted. */
  slots(): number[];
  reasonName(slot: number): string;
  /** Drops that the program did not see, because it was itself interrupted on that CPU: in no counter. */
  missed(): number;
  /** While paused, records wait in the ring; when that is full the kernel counts ringFull. */
  setPaused(paused: boolean): void;
  /** Resolves when all that is in the ring was given to onBatch. */
  flush(): Promise<void>;
  /** Nothing more is counted; what was can still be read. */
  detach(): void;
  /** Frees the kernel's memory. */
  close(): void;
}

const SLABS = 2;
const SLAB_BYTES = 64 << 10;
const RATE_MAX = 1_000_000;
const defaultObject = fileURLToPath(new URL('drops.bpf.o', import.meta.url));

/** Loads the drop program and attaches it. @throws {CaptureError} NOT_PERMITTED, DROPS_UNSUPPORTED, … */
export function openDrops(options: DropsOptions): Drops {
  const addon = native();
  const slabs = Array.from({ length: SLABS }, () => Buffer.alloc(SLAB_BYTES));
  const out = Buffer.alloc(DropCounters.SIZE);
  const reasons = createDropReasons(addon.readEnum);
  let flushed: (() => void)[] = [];
  let closed = false;
  let handle: NativeCapture;

  const onBatch = (slab: number, bytes: number) => {
    if (slab >= 0) {
      options.onBatch((slabs[slab] as Buffer).subarray(0, bytes));
      return;
    }
    const waiting = flushed;
    flushed = [];
    for (const resolve of waiting) resolve();
  };
  const config = encodeConfig(options);
  try {
    handle = addon.openDrops(
      options.objectPath ?? defaultObject,
      options.ringBytes ?? 1 << 20,
      options.tickMs ?? 50,
      config,
      slabs,
      onBatch,
    );
  } catch (error) {
    throw explainDrops(error, release());
  }

  function counters(slot: number): ReasonCounters {
    addon.readCounters(handle, slot, out);
    return {
      buffers: readU64(out, DropCounters.BUFFERS),
      packets: readU64(out, DropCounters.PACKETS),
      local: readU64(out, DropCounters.LOCAL),
      selected: readU64(out, DropCounters.SELECTED),
      overBound: readU64(out, DropCounters.OVER_BOUND),
      ringFull: readU64(out, DropCounters.RING_FULL),
    };
  }

  return {
    counters,
    slots() {
      const found: number[] = [];
      for (let slot = 0; slot < DROP_SLOTS; slot++) {
        addon.readCounters(handle, slot, out);
        if (out.some((byte) => byte !== 0)) found.push(slot);
      }
      return found;
    },
    reasonName: (slot) => reasons.name(slot),
    missed: () => addon.missedDrops(handle),
    setPaused: (paused) => addon.pause(handle, paused ? 1 : 0),
    flush: () =>
      new Promise((resolve) => {
        flushed.push(resolve);
        addon.flush(handle);
      }),
    detach: () => addon.detachDrops(handle),
    close() {
      if (closed) return;
      closed = true;
      addon.close(handle);
    },
  };
}

/** struct drop_config */
function encodeConfig({ rate, maxPerSecond, headerBytes = DROP_HEADER_MAX }: DropsOptions): Buffer {
  if (!Number.isInteger(rate) || rate < 1 || rate > RATE_MAX) throw new RangeError(`rate ${rate}: 1 to ${RATE_MAX}`);
  if (!Number.isInteger(maxPerSecond) || maxPerSecond < 1 || maxPerSecond > 0xffffffff)
    throw new RangeError(`maxPerSecond ${maxPerSecond}: 1 to 4294967295`);
  if (!Number.isInteger(headerBytes) || headerBytes < 0 || headerBytes > DROP_HEADER_MAX)
    throw new RangeError(`headerBytes ${headerBytes}: 0 to ${DROP_HEADER_MAX}`);
  const config = Buffer.alloc(DropConfig.SIZE);
  config.writeUInt32LE(rate, DropConfig.RATE);
  config.writeUInt32LE(maxPerSecond, DropConfig.MAX_PER_SECOND);
  config.writeUInt32LE(headerBytes, DropConfig.HEADER_BYTES);
  return config;
}

/** Explains an errno of the addon; the kernel's version is not enough to tell, so what it takes is named. */
export function explainDrops(error: unknown, kernel: string): CaptureError {
  const cause = error as Error & { code?: string; syscall?: string };
  const text = `loading the drop program: ${cause.message}`;
  const make = (code: ConstructorParameters<typeof CaptureError>[0], hint: string) =>
    new CaptureError(code, text, { cause, hint });
  if (cause.code === 'EPERM' || cause.code === 'EACCES')
    return make('NOT_PERMITTED', 'dropped packets need CAP_PERFMON beside CAP_BPF; without: capture.drops.rate: 0');
  if (cause.code === 'ENOENT' && cause.syscall === 'bpf_object__open')
    return make('OBJECT_INVALID', 'bpf/drops.bpf.o is part of the project: git checkout bpf/drops.bpf.o');
  return make(
    'DROPS_UNSUPPORTED',
    `Linux ${kernel} must have CONFIG_BPF_EVENTS and CONFIG_DEBUG_INFO_BTF, and no lockdown for confidentiality`,
  );
}
