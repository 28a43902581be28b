// host_cpu (sFlow Host Structures): /proc/stat, /proc/loadavg, /proc/uptime, /proc/cpuinfo; see proc(5).

import { closeSync, openSync, readSync } from 'node:fs';
import type { HostCpu } from '@tcxflow/schemas/generated.ts';
import { counter, decimal, readText, scaled, wholeLines, words } from './proc-text.ts';

/** USER_HZ is 100 for user space on every architecture that Node runs on. */
const JIFFY_MS = 10;

/** The first CPU's part ends well before. The whole file can be large, and slow to make: a line of MHz for every CPU. */
const CPUINFO_BYTES = 4096;

export interface CpuTexts {
  stat: string | undefined;
  loadavg: string | undefined;
  uptime: string | undefined;
  cpuinfo: string | undefined;
}

/** @returns null when there is no line of all CPUs with the four times that Linux always had */
export function parseCpu({ stat = '', loadavg = '', uptime = '', cpuinfo = '' }: CpuTexts): HostCpu | null {
  let times: (number | null)[] = [];
  let cpuNum = 0;
  let interrupts: number | null = null;
  let contexts: number | null = null;
  for (const line of wholeLines(stat)) {
    if (line.startsWith('cpu '))
      times = words(line)
        .slice(1)
        .map((word) => scaled(counter(word), JIFFY_MS));
    else if (/^cpu\d/.test(line)) cpuNum++;
    // The line of interrupts has a number for each of hundreds: all but the first are their parts.
    else if (line.startsWith('intr ')) interrupts = counter(line.split(' ', 2)[1]);
    else if (line.startsWith('ctxt ')) contexts = counter(words(line)[1]);
  }
  const [user, nice, system, idle, wio, intr, sintr, steal, guest, guestNice] = times;
  if (user == null || nice == null || system == null || idle == null) return null;

  const [loadOne, loadFive, loadFifteen, threads = ''] = words(wholeLines(loadavg)[0] ?? '');
  const [running, total] = threads.split('/');
  const procRun = counter(running);
  return {
    loadOne: decimal(loadOne),
    loadFive: decimal(loadFive),
    loadFifteen: decimal(loadFifteen),
    // Reading it takes a thread that runs: it is not the host's work.
    procRun: procRun === null ? null : Math.max(0, procRun - 1),
    procTotal: counter(total),
    cpuNum: cpuNum || null,
    speedMhz: speedMhz(cpuinfo),
    uptimeSeconds: whole(decimal(words(wholeLines(uptime)[0] ?? '')[0])),
    userMs: user,
    niceMs: nice,
    systemMs: system,
    idleMs: idle,
    wioMs: wio ?? null,
    intrMs: intr ?? null,
    sintrMs: sintr ?? null,
    interrupts,
    contexts,
    stealMs: steal ?? null,
    guestMs: guest ?? null,
    guestNiceMs: guestNice ?? null,
  };
}

/** Of the first CPU that has one; on ARM none has. */
function speedMhz(cpuinfo: string): number | null {
  const line = wholeLines(cpuinfo).find((candidate) => /^cpu MHz\s*:/.test(candidate));
  return whole(decimal(line?.split(':')[1]?.trim()));
}

function whole(value: number | null): number | null {
  return value === null ? null : Math.trunc(value);
}

export function readCpu(procfs: string): HostCpu | null {
  return parseCpu({
    stat: readText(`${procfs}/stat`),
    loadavg: readText(`${procfs}/loadavg`),
    uptime: readText(`${procfs}/uptime`),
    cpuinfo: readStart(`${procfs}/cpuinfo`),
  });
}

function readStart(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = Buffer.alloc(CPUINFO_BYTES);
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, CPUINFO_BYTES, null));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
