// host_memory (sFlow Host Structures): /proc/meminfo and /proc/vmstat; see proc(5).

import type { HostMemory } from '@tcxflow/schemas/generated.ts';
import { bounded, namedCounters, readText, scaled } from './proc-text.ts';

/** /proc/meminfo says kB and means 1024 bytes. */
const KIB = 1024;

/** @returns null when the total or the free memory is missing */
export function parseMemory(meminfo = '', vmstat = ''): HostMemory | null {
  const inKib = namedCounters(meminfo);
  const events = namedCounters(vmstat);
  const bytes = (name: string) => scaled(inKib(name), KIB);
  const totalBytes = bytes('MemTotal');
  const freeBytes = bytes('MemFree');
  if (totalBytes === null || freeBytes === null) return null;
  const cached = bytes('Cached');
  return {
    totalBytes,
    freeBytes,
    sharedBytes: bytes('Shmem'),
    buffersBytes: bytes('Buffers'),
    cachedBytes: cached === null ? null : bounded(cached + (bytes('SReclaimable') ?? 0)),
    swapTotalBytes: bytes('SwapTotal'),
    swapFreeBytes: bytes('SwapFree'),
    pageInKib: events('pgpgin'),
    pageOutKib: events('pgpgout'),
    swapInPages: events('pswpin'),
    swapOutPages: events('pswpout'),
  };
}

export function readMemory(procfs: string): HostMemory | null {
  return parseMemory(readText(`${procfs}/meminfo`), readText(`${procfs}/vmstat`));
}
