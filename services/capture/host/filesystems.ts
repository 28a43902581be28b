// Local filesystems that can be written, each once however often it is mounted: /proc/self/mountinfo (proc(5)) and statfs.

import { statfsSync, statSync } from 'node:fs';
import { readText, wholeLines } from './proc-text.ts';

export interface FilesystemSizes {
  totalBytes: number;
  /** For unprivileged users, as df shows it. */
  freeBytes: number;
}

export interface Filesystem {
  /** "major:minor" */
  device: string;
  type: string;
  /** Where it is mounted as a whole first, then where parts of it are. Characters are bytes (latin1). */
  mountPoints: string[];
}

/** linux/magic.h */
const BTRFS_SUPER_MAGIC = 0x9123683e;

/** On memory, on a file of another filesystem, or nothing to write to. */
const NOT_A_DISK = /^\/dev\/(loop|ram|zram)\d/;

/**
 * A line: id, parent, major:minor, root, mount point, options, tags …, "-", type, source, options of the filesystem.
 * Those last options say whether it can be written: for a service that systemd confines, every mount is read-only.
 * @param text decoded as latin1, since a mount point may be any bytes
 */
export function parseFilesystems(text: string): Filesystem[] {
  const found = new Map<string, Filesystem>();
  for (const line of wholeLines(text)) {
    const fields = line.split(' ');
    const separator = fields.indexOf('-', 6);
    const [device, root, mountPoint] = fields.slice(2, 5);
    const [type, source, options] = fields.slice(separator + 1);
    if (separator < 0 || !device || !root || !mountPoint || !type || !source || !options) continue;
    if (!source.startsWith('/dev/') || NOT_A_DISK.test(source) || !options.split(',').includes('rw')) continue;
    // A process answers for it, and may not.
    if (type.startsWith('fuse')) continue;
    const { mountPoints } = getOrAdd(found, { device, type, mountPoints: [] });
    if (root === '/') mountPoints.unshift(unescaped(mountPoint));
    else mountPoints.push(unescaped(mountPoint));
  }
  return [...found.values()];
}

function getOrAdd(found: Map<string, Filesystem>, filesystem: Filesystem): Filesystem {
  const known = found.get(filesystem.device);
  if (!known) found.set(filesystem.device, filesystem);
  return known ?? filesystem;
}

/** Space, tab, line end and backslash are written \040 and so on. */
function unescaped(path: string): string {
  return path.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Of the filesystem, where a mount point shows it. A mount point can be hidden by another mount, or out of reach. */
function sizesOf({ device, type, mountPoints }: Filesystem): FilesystemSizes | undefined {
  for (const mountPoint of mountPoints) {
    const path = Buffer.from(mountPoint, 'latin1');
    try {
      const { type: magic, bsize, blocks, bavail } = statfsSync(path);
      // Directories of btrfs have device numbers of their own.
      const shown = type === 'btrfs' ? magic === BTRFS_SUPER_MAGIC : deviceOf(statSync(path).dev) === device;
      // More than there is: a negative number, where root has used what is kept for it.
      if (shown) return { totalBytes: blocks * bsize, freeBytes: bavail > blocks ? 0 : bavail * bsize };
    } catch {
      // Another of its mount points may do.
    }
  }
  return undefined;
}

/** "major:minor" of a stat's st_dev (the kernel's new_encode_dev). */
export function deviceOf(dev: number): string {
  return `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
}

export function readFilesystems(procfs: string): FilesystemSizes[] {
  const filesystems = parseFilesystems(readText(`${procfs}/self/mountinfo`, 'latin1') ?? '');
  return filesystems.map(sizesOf).filter((sizes) => sizes !== undefined);
}
