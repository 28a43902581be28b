// libbpf-ts: samples packets at the TCX hooks of one network namespace.
//
// Who owns what: a Capture owns the loaded programs, maps, ring and reader thread; each Attachment owns its two link
// file descriptors. Nothing is pinned, so the kernel takes everything away when the process ends, however it ends.

import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createAttachments } from './attachments.ts';
import { type CaptureError, explain } from './errors.ts';
import { netnsPath } from './links.ts';
import { type NativeCapture, native } from './native.ts';
import { encodeEndpoint } from './points.ts';
import { SLOT_CELLS } from './slots.ts';

export type Direction = 'ingress' | 'egress';
export const directions: readonly Direction[] = ['ingress', 'egress'];

export interface CaptureOptions {
  /** Ring buffer size; a power of two of pages. At least samples/s * longest stall in s * 200 B. Default 4 MiB. */
  ringBytes?: number;
  /** Waiting bytes at which the kernel wakes the reader before its tick. Default a sixteenth of the ring. */
  wakeBytes?: number;
  /** Longest time a sample waits in the ring. Default 10. */
  tickMs?: number;
  /** Interfaces at the same time; memory for counters: 160 B per CPU and interface. Default 256. */
  maxInterfaces?: number;
  /** Name of a namespace (`ip netns`), or a path; default: the process's own. */
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
  /** False when the interface is gone, even if another has its ifIndex now. Waits for RTNL. */
  alive(): boolean;
  /** Its links: one for each hook, none after detaching. */
  linkFds(): readonly number[];
  /** Waits for the kernel, some 10 ms a hook; see Capture.detachMany. */
  detach(): void;
}

export interface AttachRequest {
  ifIndex: number;
  sampling: SamplingOptions;
  /** Where its numbers go on, if it has none in this capture. */
  startAt?: Record<Direction, Counters> | undefined;
}

/** `programs`: all at its hooks, as in "ingress:sample_ingress". */
export type AttachResult = { attachment: Attachment; programs: string[] } | CaptureError;

export interface ManyOptions {
  /** Switch /sys/kernel/rcu_expedited on meanwhile, where that may be written: a hook takes 0.05 ms rather than 10. */
  expedite?: boolean;
}

/** A program at a TCX hook. */
export interface AttachedProgram {
  id: number;
  name: string;
}

export interface Capture {
  /** @throws {CaptureError} NO_SUCH_INTERFACE, NOT_PERMITTED, TOO_MANY_INTERFACES, … */
  attach(ifIndex: number, options: SamplingOptions): Attachment;
  /** In the background, one after the other. @returns for each request what became of it, at the same place */
  attachMany(requests: readonly AttachRequest[], options?: ManyOptions): Promise<AttachResult[]>;
  /** Nothing is sampled from now on; resolves when the kernel has let go of the hooks. */
  detachMany(attachments: readonly Attachment[], options?: ManyOptions): Promise<void>;
  /**
   * Traffic between `addresses` (16 bytes each, of this host) and `endpoints` is our own. At most 1024 of each.
   * @throws {CaptureError}
   */
  setOwn(endpoints: readonly OwnEndpoint[], addresses: readonly Buffer[]): void;
  /** Runs a program on a packet without any network (BPF_PROG_TEST_RUN). @returns ns for each run, the kernel's own ~30 included */
  testRun(direction: Direction, packet: TestPacket, repeat: number): number;
  /** While paused, samples wait in the ring; when that is full the kernel counts ringFull. */
  setPaused(paused: boolean): void;
  /** Resolves when all that is in the ring now was given to onBatch, or the capture is closed. */
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

const SLABS = 4;
const SLAB_BYTES = 256 << 10;
const defaultObject = fileURLToPath(new URL('sample.bpf.o', import.meta.url));

/** Loads the sampler. @throws {CaptureError} with what the operator can do */
export function openCapture(options: CaptureOptions): Capture {
  const ringBytes = options.ringBytes ?? 4 << 20;
  const maxInterfaces = options.maxInterfaces ?? 256;
  const addon = native();
  const slabs = Array.from({ length: SLABS }, () => Buffer.alloc(SLAB_BYTES));
  let waiting: { ticket: number; resolve: () => void }[] = [];
  let closed = false;
  let handle: NativeCapture;

  const onBatch = (slab: number, bytesOrTicket: number) => {
    if (slab >= 0) options.onBatch((slabs[slab] as Buffer).subarray(0, bytesOrTicket));
    else answerFlush(bytesOrTicket);
  };

  function answerFlush(lastTicket: number): void {
    const answered = waiting.filter(({ ticket }) => ticket <= lastTicket);
    waiting = waiting.filter(({ ticket }) => ticket > lastTicket);
    for (const { resolve } of answered) resolve();
  }

  try {
    handle = addon.open(
      options.objectPath ?? defaultObject,
      ringBytes,
      options.wakeBytes ?? Math.max(4096, ringBytes >> 4),
      options.tickMs ?? 10,
      maxInterfaces,
      SLOT_CELLS - 1,
      slabs,
      onBatch,
    );
  } catch (error) {
    throw explain(error, 'loading the BPF programs', release());
  }

  async function flush(): Promise<void> {
    if (closed) return;
    const flushed = attachments.beginFlush();
    await new Promise<void>((resolve) => waiting.push({ ticket: addon.flush(handle), resolve }));
    flushed();
  }

  const attachments = createAttachments({ addon, handle, netns: options.netns, maxInterfaces, flush });

  return {
    attach: attachments.attach,
    attachMany: attachments.attachMany,
    detachMany: attachments.detachMany,
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
    flush,
    close() {
      if (closed) return;
      closed = true;
      attachments.close();
      addon.close(handle);
      answerFlush(Number.POSITIVE_INFINITY);
    },
  };
}
