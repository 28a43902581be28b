// host_disk_io (sFlow Host Structures): what whole disks did (/proc/diskstats), and how full the filesystems are.
//
// Partitions, dm, md and loop devices pass their I/O on to a disk, which counts it again: only disks are summed. The kernel
// hands out major numbers as drivers come (253 is dm on one machine, zram on the next), so /sys tells which is a disk.

import { existsSync } from 'node:fs';
import type { HostDisk } from '@tcxflow/schemas/generated.ts';
import { type FilesystemSizes, readFilesystems } from './filesystems.ts';
import { bounded, counter, readText, wholeLines, words } from './proc-text.ts';

/** Of /proc/diskstats, whatever the disk's own sectors are. */
const SECTOR_BYTES = 512;

/** One path to a disk that has several: the disk (nvme0n1) counts the same I/O. */
const NVME_PATH = /^nvme\d+c\d+n\d+$/;

/** Devices on top of others, in memory, or on another host. */
const VIRTUAL_DISK = /^(loop|ram|zram|dm-|md|md_d|nbd|drbd|bcache|zd)\d/;

export type DiskIo = Pick<HostDisk, 'reads' | 'readBytes' | 'readMs' | 'writes' | 'writtenBytes' | 'writeMs'>;
export type DiskSizes = Pick<HostDisk, 'totalBytes' | 'freeBytes' | 'partMaxUsedPercent'>;

/** @returns null when no line is a device's */
export function parseDiskIo(text: string, isDisk: (name: string) => boolean): DiskIo | null {
  const devices = deviceLines(text);
  if (devices.length === 0) return null;
  const disks = devices.filter(({ name }) => isDisk(name) && !NVME_PATH.test(name));
  const sum = (column: number) => disks.reduce((total, { numbers }) => total + (numbers[column] ?? 0), 0);
  return {
    reads: bounded(sum(0)),
    readBytes: bounded(sum(2) * SECTOR_BYTES),
    readMs: bounded(sum(3)),
    writes: bounded(sum(4)),
    writtenBytes: bounded(sum(6) * SECTOR_BYTES),
    writeMs: bounded(sum(7)),
  };
}

/** major minor name, then reads merged sectors ms, writes merged sectors ms, … (kernel, admin-guide/iostats.rst). */
function deviceLines(text: string): { name: string; numbers: number[] }[] {
  return wholeLines(text).flatMap((line) => {
    const [, , name = '', ...rest] = words(line);
    const numbers = rest.slice(0, 8).map(counter);
    return numbers.length === 8 && numbers.every((number) => number !== null) ? [{ name, numbers }] : [];
  });
}

/** Which of the devices are disks, by their names: sda and not sda1, nvme0n1 and not nvme0n1p1. A disk comes before its partitions. */
export function disksByName(text: string): Set<string> {
  const disks = new Set<string>();
  for (const { name } of deviceLines(text)) {
    const base = name.replace(/\d+$/, '');
    // The p stands between two numbers only.
    const disk = /\dp$/.test(base) ? base.slice(0, -1) : base;
    const isPartition = base !== name && disks.has(disk);
    if (!isPartition && !VIRTUAL_DISK.test(name)) disks.add(name);
  }
  return disks;
}

/** @returns null when there is no filesystem to speak of */
export function sumFilesystems(filesystems: readonly FilesystemSizes[]): DiskSizes {
  const sized = filesystems.filter(({ totalBytes }) => totalBytes > 0);
  if (sized.length === 0) return { totalBytes: null, freeBytes: null, partMaxUsedPercent: null };
  const used = sized.map(({ totalBytes, freeBytes }) => (100 * (totalBytes - freeBytes)) / totalBytes);
  return {
    totalBytes: bounded(sized.reduce((sum, { totalBytes }) => sum + totalBytes, 0)),
    freeBytes: bounded(sized.reduce((sum, { freeBytes }) => sum + freeBytes, 0)),
    partMaxUsedPercent: Math.max(...used),
  };
}

export function readDisk(procfs: string, sysfs: string): HostDisk | null {
  const io = readDiskIo(procfs, sysfs);
  const sizes = sumFilesystems(readFilesystems(procfs));
  if (io === null && sizes.totalBytes === null) return null;
  const unknown = { reads: null, readBytes: null, readMs: null, writes: null, writtenBytes: null, writeMs: null };
  return { ...sizes, ...(io ?? unknown) };
}

function readDiskIo(procfs: string, sysfs: string): DiskIo | null {
  const text = readText(`${procfs}/diskstats`);
  if (text === undefined) return null;
  if (existsSync(`${sysfs}/block`))
    // A disk is a device of some bus; virtual ones are of none, and partitions are not in this folder.
    return parseDiskIo(text, (name) => existsSync(`${sysfs}/block/${name.replaceAll('/', '!')}/device`));
  const disks = disksByName(text);
  return parseDiskIo(text, (name) => disks.has(name));
}
