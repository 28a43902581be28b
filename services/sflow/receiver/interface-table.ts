// What an sFlow agent says of its interfaces: counters tell type, speed and status, port names the name. One table for all
// sub-agents of an address, since an ifIndex is the device's: one sub-agent's samples have the names that another told.

import type { DecodedIfCounters } from '../codec/decode-counter-sample.ts';
import type { Share } from './budget.ts';

export interface InterfaceTable {
  /** Of port_name, else if and the number. */
  nameOf(ifIndex: number): string;
  learnName(ifIndex: number, name: string, subAgentId: number): void;
  learn(counters: DecodedIfCounters, subAgentId: number): void;
  /** A sub-agent that starts anew may have given its numbers to other interfaces. */
  forget(subAgentId: number): void;
  /** Nobody uses it any more. */
  release(): void;
  find(ifIndex: number): KnownInterface | undefined;
  all(): Iterable<[ifIndex: number, known: KnownInterface]>;
  /** Grows with every change. */
  readonly version: number;
}

export interface KnownInterface {
  name: string;
  type: number;
  speedBps: number;
  adminUp: boolean;
  operUp: boolean;
  subAgentId: number;
  /** Of the table, when it last changed. */
  version: number;
}

const INTERFACES_MAX = 65_536;
const NAME_LENGTH_MAX = 255;
const INT_MAX = 0x7fffffff;
export function createInterfaceTable(share: Share): InterfaceTable {
  const interfaces = new Map<number, KnownInterface>();
  let version = 0;

  function change(ifIndex: number, news: Partial<KnownInterface> & { subAgentId: number }): void {
    const known = interfaces.get(ifIndex);
    if (!known && (ifIndex === 0 || ifIndex > INT_MAX || interfaces.size >= INTERFACES_MAX || !share.take())) return;
    const unknown = { name: '', type: 0, speedBps: 0, adminUp: true, operUp: true };
    const next = { ...(known ?? unknown), ...news, version: version + 1 };
    if (known && isSame(known, next)) return;
    version++;
    interfaces.set(ifIndex, next);
  }

  return {
    nameOf: (ifIndex) => interfaces.get(ifIndex)?.name || `if${ifIndex}`,
    learnName: (ifIndex, name, subAgentId) => change(ifIndex, { name: name.slice(0, NAME_LENGTH_MAX), subAgentId }),
    learn({ ifIndex, ifType, ifSpeed, ifStatus }, subAgentId) {
      const status = { adminUp: (ifStatus & 1) !== 0, operUp: (ifStatus & 2) !== 0 };
      const speedBps = Math.min(Number(ifSpeed), Number.MAX_SAFE_INTEGER - 1);
      change(ifIndex, { type: ifType, speedBps, ...status, subAgentId });
    },
    forget(subAgentId) {
      for (const [ifIndex, known] of interfaces)
        if (known.subAgentId === subAgentId) {
          interfaces.delete(ifIndex);
          share.give();
        }
    },
    release: share.release,
    find: (ifIndex) => interfaces.get(ifIndex),
    all: () => interfaces,
    get version() {
      return version;
    },
  };
}

function isSame(a: KnownInterface, b: KnownInterface): boolean {
  const status = a.adminUp === b.adminUp && a.operUp === b.operUp;
  return status && a.name === b.name && a.type === b.type && a.speedBps === b.speedBps;
}
