// Capabilities of this process, and how to go on with fewer.

import { native } from './native.ts';

/** include/uapi/linux/capability.h */
const numbers = { dac_read_search: 2, net_admin: 12, sys_admin: 21, perfmon: 38, bpf: 39 } as const;
export type Capability = keyof typeof numbers;

function toWords(capabilities: readonly Capability[]): [low: number, high: number] {
  const words: [number, number] = [0, 0];
  for (const name of capabilities) {
    const word = numbers[name] >> 5;
    words[word as 0 | 1] = (words[word as 0 | 1] | (1 << (numbers[name] & 31))) >>> 0;
  }
  return words;
}

export interface Privileges {
  /** Of those that are known here. */
  known: Capability[];
  /** There are none beside `known`. */
  only: boolean;
}

/** What the process may have. @throws {CaptureError} ADDON_MISSING */
export function readPrivileges(): Privileges {
  const permitted = native().permittedCapabilities();
  const names = Object.keys(numbers) as Capability[];
  const known = names.filter((name) => toWords([name]).some((word, index) => (word & (permitted[index] ?? 0)) !== 0));
  const all = toWords(known);
  return { known, only: all[0] === permitted[0] && all[1] === permitted[1] };
}

export interface Account {
  uid: number;
  gid: number;
}

const STAY = 0xffff_ffff;

/**
 * Starts this program anew in this process, with these capabilities in all its threads and no way to more (capabilities(7),
 * "ambient"; no_new_privs). Call it before anything is opened. @param account undefined: the same user
 * @throws an Error of the system; otherwise it does not come back
 */
export function restartWith(account: Account | undefined, kept: readonly Capability[]): void {
  const { uid, gid } = account ?? { uid: STAY, gid: STAY };
  native().dropAndExec(uid, gid, ...toWords(kept), [process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
}
