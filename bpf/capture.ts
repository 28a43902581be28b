// libbpf-ts: samples packets at the TCX hooks of one network namespace.
//
// Who owns what: a Capture owns the loaded programs, maps, ring and reader thread; each Attachment owns its two link
// file descriptors. Nothing is pinned, so the kernel takes everything away when the process ends, however it ends.

import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CaptureError, explain } from './errors.ts';
import { netnsPath } from './links.ts';
import { type NativeCapture, native } from './native.ts';
import { encodeEndpoint, encodePoint } from './points.ts';
import { PointCounters, readU64 } from './record.ts';

export type Direction = 'ingress' | 'egress';
export const directions: readonly Direction[] = ['ingress', 'egress'];

export interface CaptureOptions {
  /** Ring buffer size; a power of two of pages. At least samples/s * longest stall in s * 200 B. Default 4 MiB. */
  ringBytes?: number;
  /** Waiting bytes at which the kernel wakes the reader before its tick. Default a sixteenth of the ring. */
  wakeBytes?: number;
  /** Longest time a sample waits in the ring. Default 10. */
  tickMs?: number;
  /** Different interfaces over the lifetime; memory for counters: 160 B per CPU and interface. Default 256. */
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
  /** For outgoing packets, where it differs. */
  egress?: Partial<Pick<SamplingOptions, 'rate' | 'headerBytes'>>;
  /** Where among other TCX programs; by program name. Counts when attaching. Default head. */
  order?: TcxOrder;
}

export type TcxOrder = 'head' | 'tail' | { before: string } | { after: string };

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
  /** False when the interface is gone, even if another has its ifIndex now. */
  alive(): boolean;
  detach(): void;
}

/** A program at a TCX hook. */
export interface AttachedProgram {
  id: number;
  name: string;
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
  /** Detaches from everything and frees the kernel's memory. */
  close(): void;
}

/** The programs at a hook, in the order in which they run. @throws {CaptureError} */
export function listPrograms(ifIndex: number, direction: Direction, netns?: string): AttachedProgram[] {
  const index = directions.indexOf(direction) as 0 | 1;
  try {
    return native()
      .attachedPrograms(ifIndex, index, netnsPath(netns))
      .map(([id, name]) => ({ id, name }));
  } catch (error) {
    throw explain(error, `listing the programs of interface ${ifIndex}`, release());
  }
}

const BPF_F_BEFORE = 1 << 3;
const BPF_F_AFTER = 1 << 4;
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
  /** An ifIndex that comes again gets its slot again: its counters and sequences then go on. */
  const slotOf = new Map<number, number>();
  let flushed: (() => void)[] = [];
  const attachments = new Set<Attachment>();
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
    const slot = slotOf.get(ifIndex) ?? slotOf.size;
    if (slot >= maxInterfaces)
      throw new CaptureError('TOO_MANY_INTERFACES', `${maxInterfaces} interfaces were sampled already`, {
        hint: 'raise max_interfaces',
      });
    slotOf.set(ifIndex, slot);
    const links: number[] = [];

    const configure = (next: SamplingOptions) => {
      for (const [index, direction] of directions.entries()) {
        const options = direction === 'egress' ? { ...next, ...next.egress } : next;
        addon.setPoint(handle, slot * 2 + index, encodePoint(options, next.directions.includes(direction)));
      }
    };
    const detach = () => {
      if (links.length === 0) return;
      for (const fd of links.splice(0)) addon.closeFd(fd);
      addon.setSlot(handle, ifIndex, 0);
      attachments.delete(attachment);
    };

    try {
      configure(sampling);
      addon.setSlot(handle, ifIndex, slot + 1);
      for (const [index, direction] of directions.entries())
        if (sampling.directions.includes(direction))
          links.push(attachLink(ifIndex, direction, index as 0 | 1, sampling.order ?? 'head'));
    } catch (error) {
      for (const fd of links.splice(0)) addon.closeFd(fd);
      addon.setSlot(handle, ifIndex, 0);
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
    const alive = () => links.every((fd) => addon.linkIfIndex(fd) !== 0);
    const attachment: Attachment = { ifIndex, slot, configure, counters, alive, detach };
    attachments.add(attachment);
    return attachment;
  }

  function attachLink(ifIndex: number, direction: Direction, index: 0 | 1, order: TcxOrder): number {
    const attach = (flags: number, relativeId: number) =>
      addon.attach(handle, ifIndex, index, netnsPath(options.netns), flags, relativeId);
    if (order === 'head') return attach(BPF_F_BEFORE, 0);
    if (order === 'tail') return attach(BPF_F_AFTER, 0);
    const [name, flags] = 'before' in order ? [order.before, BPF_F_BEFORE] : [order.after, BPF_F_AFTER];
    const other = listPrograms(ifIndex, direction, options.netns).find((program) => program.name === name);
    // Whom to stand beside is not there: then as near to its side as can be.
    return other ? attach(flags, other.id) : attach(flags, 0);
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
    close() {
      if (closed) return;
      closed = true;
      for (const attachment of attachments) attachment.detach();
      addon.close(handle);
    },
  };
}
