// The machine's counters, for the host structures of sFlow (2000, 2003 to 2010): what Linux says now, without state.

import type { HostCounters } from '@tcxflow/schemas/generated.ts';
import { readCpu } from './cpu.ts';
import { readDescription } from './description.ts';
import { readDisk } from './disk.ts';
import { readMemory } from './memory.ts';
import { readMib2 } from './mib2.ts';
import { readNetwork } from './network.ts';

export interface HostCountersOptions {
  /** Where procfs is mounted. */
  procfs?: string;
  /** Where sysfs is mounted. */
  sysfs?: string;
  machineIdFile?: string;
  /** Interfaces that are left out of the sum, besides those that never count. */
  excludedInterfaces?: (name: string) => boolean;
}

/** Never throws: what cannot be read is null. */
export function readHostCounters(options: HostCountersOptions = {}): HostCounters {
  const { procfs = '/proc', sysfs = '/sys', machineIdFile = '/etc/machine-id' } = options;
  return {
    description: readDescription(procfs, sysfs, machineIdFile),
    cpu: readCpu(procfs),
    memory: readMemory(procfs),
    disk: readDisk(procfs, sysfs),
    network: readNetwork(procfs, sysfs, options.excludedInterfaces ?? (() => false)),
    ...readMib2(procfs),
  };
}
