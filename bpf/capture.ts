// libbpf-ts: samples packets at the TCX hooks of one network namespace.
//
// Who owns what: a Capture owns the loaded programs, maps, ring and reader thread; each Attachment owns its two link
// file descriptors. Nothing is pinned, so the kernel takes everything away when the process ends, however it ends.

import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CaptureError, explain } from './errors.ts';
import { netnsPath } from './links.ts';
import { type NativeCapture, native } from './native.ts';
import { POINT_FIB, POINT_L3, PointConfig, PointCounters, readU64 } from './record.ts';

export type Direction = 'ingress' | 'egress';
export const directions: readonly Direction[] = ['ingress', 'egress'];

export interface CaptureOptions {
  /** Ring buffer size; a power of two of pages. At least samples/s * longest stall in s * 200 B. Default 4 MiB. */
  ringBytes?: number;
  /** Waiting bytes at which the kernel wakes the reader before its tick. Default a sixteenth of the ring. */
  wakeBytes?: number;
  /** Longest time a sample waits in the ring. Default 10. */
  tickMs?: number;
  /** Memory for counters: 128 B per CPU and interface. Default 256. */
  maxInterfaces?: number;
  /** Default 65535. */
  maxIfIndex?: number;
  /** Name of a namespace (`ip netns`); default: the process's own. */
  netns?: string;
  /** Compiled sample.bpf.c; default: the one that comes with the package. */
  objectPath?: string;
  /** Receives records back to back (forEachRecord); the buffer is reused when the call returns. */
  onBatch: (batch: Buffer) => void;
}

/** How one interface is sampled. */
export interface SamplingOptions {
  /** N of 1:N; 1 = every packet. */
  rate: number;
  /** 1 to 256. */
  headerBytes: number;
  directions: readonly Direction[];
  /** The interface has no Ethernet header (tun, wireguard, ppp). */
  l3?: boolean;
  /** Look up where incoming packets are routed. */
  fib?: boolean;
  /** Packets with this SO_MARK are our own: counted apart and not sampled. */
  ownMark?: number;
}

/** Cumulative since the capture was opened. */
export interface Counters {
  packets: number;
  buffers: number;
  bytes: number;
  selected: number;
  ringFull: number;
  copyFailed: number;
  own: number;
}

export interface Attachment {
  readonly ifIndex: number;
  /** Identifies the interface in records (Record.SLOT). */
  readonly slot: number;
  /** Takes effect with the next packet. */
  configure(options: SamplingOptions): void;
  counters(direction: Direction): Counters;
  detach(): void;
}

export interface Capture {
  /** @throws {CaptureError} NO_SUCH_INTERFACE, NOT_PERMITTED, TOO_MANY_INTERFACES, … */
  attach(ifIndex: number, options: SamplingOptions): Attachment;
  /** While paused, samples wait in the ring; when that is full the kernel counts ringFull. */
  setPaused(paused: boolean): void;
  /** Resolves when all that is in the ring was given to onBatch. */
  flush(): Promise<void>;
  close(): void;
}

const SLABS = 4;
const SLAB_BYTES = 256 << 10;
const defaultObject = fileURLToPath(new URL('sample.bpf.o', import.meta.url));

/** Loads the sampler. @throws {CaptureError} with what the operator can do */
export function openCapture(options: CaptureOptions): Capture {
  const ringBytes = options.ringBytes ?? 4 << 20;
  const maxInterfaces = options.maxInterfaces ?? 256;
  const maxIfIndex = options.maxIfIndex ?? 65535;
  const addon = native();
  const slabs = Array.from({ length: SLABS }, () => Buffer.alloc(SLAB_BYTES));
  const freeSlots = Array.from({ length: maxInterfaces }, (_, index) => maxInterfaces - 1 - index);
  let flushed: (() => void)[] = [];
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
  try {
    handle = addon.open(
      options.objectPath ?? defaultObject,
      ringBytes,
      options.wakeBytes ?? Math.max(4096, ringBytes >> 4),
      options.tickMs ?? 10,
      maxInterfaces,
      maxIfIndex,
      slabs,
      onBatch,
    );
  } catch (error) {
    throw explain(error, 'loading the BPF programs', release());
  }

  function attach(ifIndex: number, sampling: SamplingOptions): Attachment {
    if (ifIndex > maxIfIndex)
      throw new CaptureError('TOO_MANY_INTERFACES', `interface index ${ifIndex} is above ${maxIfIndex}`, {
        hint: 'raise max_if_index',
      });
    const slot = freeSlots.pop();
    if (slot === undefined)
      throw new CaptureError('TOO_MANY_INTERFACES', `${maxInterfaces} interfaces are sampled already`, {
        hint: 'raise max_interfaces',
      });
    const links: number[] = [];

    const configure = (next: SamplingOptions) => {
      for (const [index, direction] of directions.entries())
        addon.setPoint(handle, slot * 2 + index, encodePoint(next, next.directions.includes(direction)));
    };
    const detach = () => {
      for (const fd of links.splice(0)) addon.detach(fd);
      addon.setSlot(handle, ifIndex, 0);
      // The slot is not given out again: its counters and sequences belong to this interface.
    };

    try {
      configure(sampling);
      addon.setSlot(handle, ifIndex, slot + 1);
      for (const [index, direction] of directions.entries())
        if (sampling.directions.includes(direction))
          links.push(addon.attach(handle, ifIndex, index as 0 | 1, netnsPath(options.netns)));
    } catch (error) {
      detach();
      freeSlots.push(slot);
      throw explain(error, `attaching to interface ${ifIndex}`, release());
    }
    const out = Buffer.alloc(PointCounters.SIZE);
    const counters = (direction: Direction): Counters => {
      addon.readCounters(handle, slot * 2 + directions.indexOf(direction), out);
      return {
        packets: readU64(out, PointCounters.PACKETS),
        buffers: readU64(out, PointCounters.BUFFERS),
        bytes: readU64(out, PointCounters.BYTES),
        selected: readU64(out, PointCounters.SELECTED),
        ringFull: readU64(out, PointCounters.RING_FULL),
        copyFailed: readU64(out, PointCounters.COPY_FAILED),
        own: readU64(out, PointCounters.OWN),
      };
    };
    return { ifIndex, slot, configure, counters, detach };
  }

  return {
    attach,
    setPaused: (paused) => addon.pause(handle, paused ? 1 : 0),
    flush: () =>
      new Promise((resolve) => {
        flushed.push(resolve);
        addon.flush(handle);
      }),
    close: () => addon.close(handle),
  };
}

/** struct point_config; a direction that is not sampled has rate 0. */
function encodePoint(options: SamplingOptions, enabled: boolean): Buffer {
  const { rate, headerBytes } = options;
  if (!Number.isInteger(rate) || rate < 1 || rate > 0xffffffff) throw new RangeError(`rate ${rate}: 1 to 4294967295`);
  if (!Number.isInteger(headerBytes) || headerBytes < 1 || headerBytes > 256)
    throw new RangeError(`headerBytes ${headerBytes}: 1 to 256`);
  const config = Buffer.alloc(PointConfig.SIZE);
  config.writeBigUInt64LE(0x1_0000_0000n / BigInt(rate), PointConfig.THRESHOLD);
  config.writeUInt32LE(enabled ? rate : 0, PointConfig.RATE);
  config.writeUInt32LE(headerBytes, PointConfig.HEADER_BYTES);
  config.writeUInt32LE((options.l3 ? POINT_L3 : 0) | (options.fib ? POINT_FIB : 0), PointConfig.FLAGS);
  config.writeUInt32LE(options.ownMark ?? 0, PointConfig.OWN_MARK);
  return config;
}
