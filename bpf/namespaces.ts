// Network namespaces that have a name: a file that a namespace is mounted on.

import { closeSync, fstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { CaptureError } from './errors.ts';

/** Where `ip netns` has them, and where Docker has those of its containers. */
export const namespaceFolders: readonly string[] = ['/run/netns', '/var/run/docker/netns'];

export interface NamedNamespace {
  name: string;
  path: string;
  /** Tells it from another that had the name before. */
  inode: number;
}

/** Keeps a namespace from being freed until it is closed. */
export interface OpenNamespace {
  /** Leads to this very namespace, whatever becomes of its name. */
  readonly path: string;
  close(): void;
}

/** A folder that is not there or may not be read has none. A name that two folders have is the first one's. */
export function listNamespaces(folders = namespaceFolders): NamedNamespace[] {
  const kind = ownNamespace().device;
  const found = new Map<string, NamedNamespace>();
  for (const folder of folders)
    for (const name of namesIn(folder)) {
      const path = `${folder}/${name}`;
      const stat = statSync(path, { throwIfNoEntry: false });
      // A name is there a moment before the namespace is.
      if (stat && stat.dev === kind && !found.has(name)) found.set(name, { name, path, inode: stat.ino });
    }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The process's own. */
export function ownNamespace(): { inode: number; device: number } {
  const { ino, dev } = statSync('/proc/self/ns/net');
  return { inode: ino, device: dev };
}

/** @throws {CaptureError} NO_SUCH_NAMESPACE when the name now stands for another, or none; NOT_PERMITTED */
export function openNamespace({ name, path, inode }: NamedNamespace): OpenNamespace {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES';
    throw new CaptureError(
      denied ? 'NOT_PERMITTED' : 'NO_SUCH_NAMESPACE',
      `opening namespace ${name}: ${(cause as Error).message}`,
      { cause, hint: denied ? `who runs this must be able to read ${path}` : 'list the namespaces with: ip netns' },
    );
  }
  if (fstatSync(fd).ino !== inode) {
    closeSync(fd);
    throw new CaptureError('NO_SUCH_NAMESPACE', `namespace ${name} was made anew this moment`, {
      hint: 'list the namespaces with: ip netns',
    });
  }
  return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
