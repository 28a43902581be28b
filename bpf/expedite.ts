// The switch that lets the kernel hurry (native/expedite.h says when). Root may open it; whoever has it open may turn it.

import { openSync, readlinkSync } from 'node:fs';
import { native } from './native.ts';

const PATH = '/sys/kernel/rcu_expedited';
const INHERITED = 'TCXFLOW_RCU_EXPEDITED_FD';
let opened: number | undefined;

/** Before this process is started anew with fewer rights: keeps the switch open for it. Does nothing where it cannot. */
export function keepExpedite(): void {
  const fd = native().openInherited(PATH);
  if (fd >= 0) process.env[INHERITED] = String(fd);
}

/** @returns a descriptor, -1: it may not be written here */
export function expediteFd(): number {
  opened ??= inherited() ?? open();
  return opened;
}

function inherited(): number | undefined {
  const fd = process.env[INHERITED];
  if (fd === undefined) return undefined;
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === PATH ? Number(fd) : undefined;
  } catch {
    return undefined; // the variable came from somebody else
  }
}

function open(): number {
  try {
    return openSync(PATH, 'r+');
  } catch {
    return -1;
  }
}
