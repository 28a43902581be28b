// libbpf-ts: samples packets at the TCX hooks of one network namespace.
//
// Who owns what: a Capture owns the loaded programs, maps, ring and reader thread; each Attachment owns its two link
// file descriptors. Nothing is pinned, so the kernel takes everything away when the process ends, however it ends.

import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CaptureError, explain } from './errors.ts';
import { netnsPath } from './links.ts';
import { type NativeCapture, native } from './native.ts';
import {
  Endpoint,
  POINT_FIB,
  POINT_L3,
  POINT_LOOPBACK,
  POINT_OWN,
  PointConfig,
  PointCounters,
  readU64,
} from './record.ts';

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
  /** Packets with this SO_MARK are our own: counted apart, not sampled, and not in the pool. */
  ownMark?: number;
  /** Do not sample traffic between this host and an own endpoint (setOwn). */
  skipOwn?: boolean;
  /** The loopback device, where both directions of a packet are seen. */
  loopback?: boolean;
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
  ownSelected: number;
}

/** One end of a connection. */
export interface OwnEndpoint {
  /** 16 bytes, IPv4 mapped. */
  address: Buffer;
  port: number;
  protocol: 'tcp' | 'udp';
}

/** A packet for testRun; with gsoSize a buffer of so many segments. */
export interface TestPacket {
  frame: Buffer;
  ifIndex: number;
  gsoSize?: number;
  gsoSegments?: number;
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
  /**
   * Traffic between `addresses` (16 bytes each, of this host) and `endpoints` is our own. At most 1024 of each.
   * @throws {CaptureError}
   */
  setOwn(endpoints: readonly OwnEndpoint[], addresses: readonly Buffer[]): void;
  /** Runs a program on a packet without any network (BPF_PROG_TEST_RUN). @returns ns for each run, the kernel's own ~30 included */
  testRun(direction: Direction, packet: TestPacket, repeat: number): number;
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
        ownSelected: readU64(out, PointCounters.OWN_SELECTED),
      };
    };
    return { ifIndex, slot, configure, counters, detach };
  }

  return {
    attach,
    setOwn(endpoints, addresses) {
      try {
        addon.setOwn(handle, Buffer.concat(endpoints.map(encodeEndpoint)), Buffer.concat(addresses));
      } catch (error) {
        throw explain(error, 'setting own endpoints', release());
      }
    },
    testRun: (direction, { frame, ifIndex, gsoSize = 0, gsoSegments = 0 }, repeat) =>
      addon.testRun(handle, directions.indexOf(direction) as 0 | 1, frame, ifIndex, gsoSize, gsoSegments, repeat),
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
  config.writeUInt32LE(enabled ? rate : 0, PointConfig.RATE);
  config.writeUInt32LE(headerBytes, PointConfig.HEADER_BYTES);
  const flags =
    (options.l3 ? POINT_L3 : 0) |
    (options.fib ? POINT_FIB : 0) |
    (options.skipOwn ? POINT_OWN : 0) |
    (options.loopback ? POINT_LOOPBACK : 0);
  config.writeUInt32LE(flags, PointConfig.FLAGS);
  const { mantissa, shift } = skipScale(rate);
  config.writeUInt32LE(mantissa, PointConfig.SKIP_MANTISSA);
  config.writeUInt32LE(shift, PointConfig.SKIP_SHIFT);
  config.writeUInt32LE(options.ownMark ?? 0, PointConfig.OWN_MARK);
  return config;
}

const EXPONENTIAL_BITS = 20;

/** -1 / ln(1 - 1/rate), by which the kernel program scales an exponential of 20 fractional bits: mantissa * 2^(20 - shift). */
export function skipScale(rate: number): { mantissa: number; shift: number } {
  if (rate === 1) return { mantissa: 0, shift: 0 }; // every packet: nothing is drawn
  const scale = -1 / Math.log1p(-1 / rate);
  const exponent = Math.floor(Math.log2(scale));
  return {
    mantissa: Math.min(0xffff_ffff, Math.round(scale * 2 ** (31 - exponent))),
    shift: EXPONENTIAL_BITS + 31 - exponent,
  };
}

/** struct endpoint */
function encodeEndpoint({ address, port, protocol }: OwnEndpoint): Buffer {
  const endpoint = Buffer.alloc(Endpoint.SIZE);
  address.copy(endpoint, Endpoint.ADDRESS, 0, 16);
  endpoint.writeUInt16BE(port, Endpoint.PORT);
  endpoint.writeUInt8(protocol === 'tcp' ? 6 : 17, Endpoint.PROTOCOL);
  return endpoint;
}
