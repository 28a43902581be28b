// host_net_io (sFlow Host Structures): /proc/net/dev, summed over the interfaces where packets enter and leave the host.
//
// A packet of a VLAN, bond, bridge or tunnel passes a physical interface too, and one between containers leaves no host:
// what has no device behind it is left out. Where nothing has one (a container with one end of a veth pair), host-sflow's
// rule remains: all that are up but loopback, VLANs and bonds; and bridges and tunnels neither.

import { existsSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { HostNetwork } from '@tcxflow/schemas/generated.ts';
import { bounded, counter, readText, wholeLines, words } from './proc-text.ts';

/** linux/if.h */
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;

interface InterfaceLine {
  name: string;
  numbers: number[];
}

/** "name:" and 16 numbers. The name ends at the last colon: old kernels list aliases (eth0:1), and may leave no space. */
function interfaceLines(text: string): InterfaceLine[] {
  return wholeLines(text).flatMap((line) => {
    const colon = line.lastIndexOf(':');
    const numbers = words(line.slice(colon + 1))
      .slice(0, 16)
      .map(counter);
    const complete = colon > 0 && numbers.length === 16 && numbers.every((number) => number !== null);
    return complete ? [{ name: line.slice(0, colon).trim(), numbers }] : [];
  });
}

export function interfaceNames(text: string): string[] {
  return interfaceLines(text).map(({ name }) => name);
}

/**
 * Received: bytes packets errs drop fifo frame compressed multicast; sent: bytes packets errs drop fifo colls carrier compressed.
 * @returns null when no line is an interface's
 */
export function parseNetwork(text: string, isCounted: (name: string) => boolean): HostNetwork | null {
  const interfaces = interfaceLines(text);
  if (interfaces.length === 0) return null;
  const counted = interfaces.filter(({ name }) => isCounted(name));
  const sum = (column: number) => bounded(counted.reduce((total, { numbers }) => total + (numbers[column] ?? 0), 0));
  return {
    inBytes: sum(0),
    inPackets: sum(1),
    inErrors: sum(2),
    inDrops: sum(3),
    outBytes: sum(8),
    outPackets: sum(9),
    outErrors: sum(10),
    outDrops: sum(11),
  };
}

/** The interfaces to sum. */
export function countedInterfaces(names: readonly string[], procfs: string, sysfs: string): Set<string> {
  const folder = (name: string) => `${sysfs}/class/net/${name}`;
  const physical = names.filter((name) => existsSync(`${folder(name)}/device`));
  if (physical.length === 0)
    return new Set(names.filter((name) => isUp(folder(name)) && !isVirtual(name, folder(name), procfs)));
  // Also those that are down: else the sum would fall when one goes down, and jump by all it ever carried when it comes up.
  const ports = new Set(physical.filter((name) => !isSwitchPort(folder(name))));
  // Hyper-V and virtio pair a virtual function with an interface that has a device as well, and counts for both.
  return new Set([...ports].filter((name) => !ports.has(masterOf(folder(name)) ?? '')));
}

/** Up when nobody says otherwise: the counters of one that is down stand still. */
function isUp(folder: string): boolean {
  const flags = flagsOf(folder);
  return flags === undefined || (flags & IFF_UP) !== 0;
}

/** Where no interface has a device. */
function isVirtual(name: string, folder: string, procfs: string): boolean {
  const flags = flagsOf(folder);
  const isLoopback = flags === undefined ? name === 'lo' : (flags & IFF_LOOPBACK) !== 0;
  return (
    isLoopback ||
    existsSync(`${procfs}/net/vlan/${name}`) ||
    existsSync(`${procfs}/net/bonding/${name}`) ||
    existsSync(`${folder}/bridge`) ||
    existsSync(`${folder}/tun_flags`)
  );
}

/** "0x1003" */
function flagsOf(folder: string): number | undefined {
  const flags = Number.parseInt(readText(`${folder}/flags`) ?? '', 16);
  return Number.isNaN(flags) ? undefined : flags;
}

/** A port of a switch chip (DSA): its packets pass the interface between chip and host. */
function isSwitchPort(folder: string): boolean {
  return wholeLines(readText(`${folder}/uevent`) ?? '').includes('DEVTYPE=dsa');
}

function masterOf(folder: string): string | undefined {
  try {
    return basename(readlinkSync(`${folder}/master`));
  } catch {
    return undefined; // EINVAL or ENOENT: it has none.
  }
}

export function readNetwork(procfs: string, sysfs: string, isExcluded: (name: string) => boolean): HostNetwork | null {
  const text = readText(`${procfs}/net/dev`);
  if (text === undefined) return null;
  const names = interfaceNames(text).filter((name) => !isExcluded(name));
  const counted = countedInterfaces(names, procfs, sysfs);
  return parseNetwork(text, (name) => counted.has(name));
}
