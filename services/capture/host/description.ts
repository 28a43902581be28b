// host_descr (sFlow Host Structures): name, identity, architecture and kernel of the machine.

import { createHmac } from 'node:crypto';
import { machine } from 'node:os';
import type { HostDescription } from '@tcxflow/schemas/generated.ts';
import { readText } from './proc-text.ts';

/** enum os_name */
const OS_LINUX = 2;

/** enum machine_type, by what uname says. */
const MACHINE_TYPES: readonly (readonly [RegExp, number])[] = [
  [/^(i[3-6]86|x86)$/, 2],
  [/^(x86_64|amd64)$/, 3],
  [/^ia64/, 4],
  [/^sparc/, 5],
  [/^alpha/, 6],
  [/^(powerpc|ppc)/, 7],
  [/^m68k/, 8],
  [/^mips/, 9],
  [/^(arm|aarch64)/, 10],
  [/^(hppa|parisc)/, 11],
  [/^s390/, 12],
];
const MACHINE_UNKNOWN = 0;
const MACHINE_OTHER = 1;

export interface DescriptionTexts {
  hostname: string | undefined;
  osRelease: string | undefined;
  productUuid: string | undefined;
  machineId: string | undefined;
  /** uname machine. */
  machine: string;
}

/** @returns null when the host has no name */
export function parseDescription(texts: DescriptionTexts): HostDescription | null {
  const hostname = texts.hostname?.trim();
  if (!hostname) return null;
  return {
    hostname,
    uuid: parseUuid(texts.productUuid) ?? hashMachineId(texts.machineId),
    machineType: machineType(texts.machine),
    osName: OS_LINUX,
    osRelease: texts.osRelease?.trim() || null,
  };
}

/**
 * 32 hexadecimal digits, with or without hyphens; bytes in the order of the digits, as host-sflow has them.
 * Firmware without an identity says all zeros or all ones (SMBIOS, System Information), systemd "uninitialized".
 */
function parseUuid(text: string | undefined): Buffer | null {
  const digits = (text ?? '').trim().replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) && !/^(0+|f+)$/.test(digits) ? Buffer.from(digits, 'hex') : null;
}

/** machine-id(5) asks that the number itself stay on the machine; a hash of it identifies the machine as well. */
function hashMachineId(text: string | undefined): Buffer | null {
  const id = parseUuid(text);
  return id && createHmac('sha256', id).update('tcxflow').digest().subarray(0, 16);
}

export function machineType(name: string): number {
  if (name === '') return MACHINE_UNKNOWN;
  return MACHINE_TYPES.find(([pattern]) => pattern.test(name))?.[1] ?? MACHINE_OTHER;
}

export function readDescription(procfs: string, sysfs: string, machineIdFile: string): HostDescription | null {
  return parseDescription({
    hostname: readText(`${procfs}/sys/kernel/hostname`),
    osRelease: readText(`${procfs}/sys/kernel/osrelease`),
    productUuid: readText(`${sysfs}/class/dmi/id/product_uuid`),
    machineId: readText(machineIdFile),
    machine: machine(),
  });
}
