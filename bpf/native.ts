// The addon's functions, as native/*.c registers them. Internal: the package's surface is capture.ts, links.ts and
// packet-socket.ts.

import { createRequire } from 'node:module';
import { CaptureError } from './errors.ts';

declare const opaque: unique symbol;
export type NativeCapture = { [opaque]: 'capture' };
export type NativeUdpReader = { [opaque]: 'udp reader' };

export type AttachJob = [ifIndex: number, direction: 0 | 1, flags: number, relativeProgram: string | null];

export interface Native {
  open(
    objectPath: string,
    ringBytes: number,
    wakeBytes: number,
    tickMs: number,
    maxInterfaces: number,
    maxIfIndex: number,
    slabs: Buffer[],
    onBatch: (slab: number, bytes: number) => void,
  ): NativeCapture;
  close(capture: NativeCapture): void;
  pause(capture: NativeCapture, paused: 0 | 1): void;
  flush(capture: NativeCapture): number;
  attach(
    capture: NativeCapture,
    ifIndex: number,
    direction: 0 | 1,
    netnsPath: string | null,
    flags: number,
    relativeId: number,
  ): number;
  attachMany(
    capture: NativeCapture,
    netnsPath: string | null,
    jobs: AttachJob[],
    expediteFd: number,
  ): Promise<([fd: number, programs: string[]] | Error)[]>;
  openInherited(path: string): number;
  closeMany(fds: Buffer, expediteFd: number): Promise<void>;
  attachedPrograms(ifIndex: number, direction: 0 | 1, netnsPath: string | null): [id: number, name: string][];
  linkIfIndex(linkFd: number): number;
  closeFd(fd: number): void;
  setSlot(capture: NativeCapture, ifIndex: number, slotPlusOne: number): void;
  setOwn(capture: NativeCapture, endpoints: Buffer, addresses: Buffer): void;
  testRun(
    capture: NativeCapture,
    direction: 0 | 1,
    frame: Buffer,
    ifIndex: number,
    gsoSize: number,
    gsoSegments: number,
    repeat: number,
  ): number;
  testRunObject(objectPath: string, programName: string, frame: Buffer, ifIndex: number, repeat: number): number;
  setPoint(capture: NativeCapture, point: number, config: Buffer): void;
  startPoint(capture: NativeCapture, point: number, counters: Buffer): void;
  readCounters(capture: NativeCapture, point: number, out: Buffer): void;
  openDrops(
    objectPath: string,
    ringBytes: number,
    tickMs: number,
    config: Buffer,
    slabs: Buffer[],
    onBatch: (slab: number, bytes: number) => void,
  ): NativeCapture;
  detachDrops(capture: NativeCapture): void;
  missedDrops(capture: NativeCapture): number;
  readEnum(enumName: string, module: string | null): [value: number, name: string][] | null;
  dump(netnsPath: string | null, type: number): Buffer;
  netlinkDumps(netnsPath: string | null, requests: [protocol: number, request: Buffer][]): Promise<(Buffer | Error)[]>;
  watchOpen(netnsPath: string | null): number;
  watchRead(fd: number): Buffer | null;
  linkSpeed(netnsPath: string | null, ifName: string): [megabits: number, duplex: number] | null;
  readClocks(out: Buffer): void;
  libbpfVersion(): string;
  tuneMalloc(): boolean;
  permittedCapabilities(): [low: number, high: number];
  dropAndExec(uid: number, gid: number, keptLow: number, keptHigh: number, argv: string[]): void;
  openPacketSocket(ifName: string, netnsPath: string | null): number;
  sendFrame(fd: number, frame: Buffer): number;
  openUdpSocket(address: string, scopeId: number, port: number, bufferBytes: number, sharePort: 0 | 1): number;
  udpSocketState(fd: number): [port: number, bufferBytes: number, drops: number];
  startUdpReader(
    fds: number[],
    tickMs: number,
    slotBytes: number,
    slabs: Buffer[],
    onBatch: (slab: number, slots: number) => void,
  ): NativeUdpReader;
  stopUdpReader(reader: NativeUdpReader): void;
  closeUdpReader(reader: NativeUdpReader): void;
  openUdpSender(family: 4 | 6, bufferBytes: number, dscp: number, anySource: 0 | 1): number;
  sendUdpFrom(fd: number, source: Buffer, address: string, port: number, datagram: Buffer): number;
}

let loaded: Native | undefined;

/** Loads bpf/build/libbpf.node once. @throws {CaptureError} ADDON_MISSING */
export function native(): Native {
  if (loaded) return loaded;
  try {
    loaded = createRequire(import.meta.url)('./build/libbpf.node') as Native;
  } catch (cause) {
    throw new CaptureError('ADDON_MISSING', `the addon does not load: ${(cause as Error).message}`, {
      cause,
      hint: 'run: npm run setup',
    });
  }
  return loaded;
}
