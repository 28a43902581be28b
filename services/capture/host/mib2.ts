// mib2_ip_group, icmp, tcp, udp (sFlow Host Structures): /proc/net/snmp, a line of names and a line of numbers for each group.
//
// Fields are found by name. Newer kernels have columns between those of the MIB (Icmp: InCsumErrors, OutRateLimitGlobal …),
// so a reader that counts columns takes one for another; a name that the kernel does not have is null.

import type { HostIcmp, HostIp, HostTcp, HostUdp } from '@tcxflow/schemas/generated.ts';
import { COUNTER_MAX, readText, wholeLines, words } from './proc-text.ts';

export interface HostMib2 {
  ip: HostIp | null;
  icmp: HostIcmp | null;
  tcp: HostTcp | null;
  udp: HostUdp | null;
}

type Columns = ReadonlyMap<string, number>;

export function parseMib2(text = ''): HostMib2 {
  const groups = new Map<string, Columns>();
  let names: string[] = [];
  for (const line of wholeLines(text)) {
    const entries = words(line);
    const group = entries[0] ?? '';
    if (group === names[0] && !groups.has(group)) groups.set(group, columnsOf(names, entries));
    names = entries;
  }
  return {
    ip: record(groups.get('Ip:'), IP_NAMES),
    icmp: record(groups.get('Icmp:'), ICMP_NAMES),
    tcp: record(groups.get('Tcp:'), TCP_NAMES),
    udp: record(groups.get('Udp:'), UDP_NAMES),
  };
}

function columnsOf(names: string[], values: string[]): Columns {
  const columns = new Map<string, number>();
  for (let index = 1; index < names.length; index++) {
    const value = values[index];
    // tcpMaxConn is an Integer32: -1 when there is no limit.
    if (value !== undefined && /^-?\d+$/.test(value))
      columns.set(names[index] as string, Math.max(-COUNTER_MAX, Math.min(COUNTER_MAX, Number(value))));
  }
  return columns;
}

/** @returns null when the kernel has none of the names */
function record<Field extends string>(
  columns: Columns | undefined,
  names: Record<Field, string>,
): Record<Field, number | null> | null {
  if (!columns) return null;
  const fields = Object.entries<string>(names).map(([field, name]) => [field, columns.get(name) ?? null] as const);
  return fields.some(([, value]) => value !== null)
    ? (Object.fromEntries(fields) as Record<Field, number | null>)
    : null;
}

/** Field → the kernel's name (net/ipv4/proc.c). Most are the same but for the first letter. */
const IP_NAMES: Record<keyof HostIp, string> = {
  forwarding: 'Forwarding',
  defaultTTL: 'DefaultTTL',
  inReceives: 'InReceives',
  inHdrErrors: 'InHdrErrors',
  inAddrErrors: 'InAddrErrors',
  forwDatagrams: 'ForwDatagrams',
  inUnknownProtos: 'InUnknownProtos',
  inDiscards: 'InDiscards',
  inDelivers: 'InDelivers',
  outRequests: 'OutRequests',
  outDiscards: 'OutDiscards',
  outNoRoutes: 'OutNoRoutes',
  reasmTimeout: 'ReasmTimeout',
  reasmReqds: 'ReasmReqds',
  reasmOKs: 'ReasmOKs',
  reasmFails: 'ReasmFails',
  fragOKs: 'FragOKs',
  fragFails: 'FragFails',
  fragCreates: 'FragCreates',
};

const ICMP_NAMES: Record<keyof HostIcmp, string> = {
  inMsgs: 'InMsgs',
  inErrors: 'InErrors',
  inDestUnreachs: 'InDestUnreachs',
  inTimeExcds: 'InTimeExcds',
  inParamProbs: 'InParmProbs',
  inSrcQuenchs: 'InSrcQuenchs',
  inRedirects: 'InRedirects',
  inEchos: 'InEchos',
  inEchoReps: 'InEchoReps',
  inTimestamps: 'InTimestamps',
  inAddrMasks: 'InAddrMasks',
  inAddrMaskReps: 'InAddrMaskReps',
  outMsgs: 'OutMsgs',
  outErrors: 'OutErrors',
  outDestUnreachs: 'OutDestUnreachs',
  outTimeExcds: 'OutTimeExcds',
  outParamProbs: 'OutParmProbs',
  outSrcQuenchs: 'OutSrcQuenchs',
  outRedirects: 'OutRedirects',
  outEchos: 'OutEchos',
  outEchoReps: 'OutEchoReps',
  outTimestamps: 'OutTimestamps',
  outTimestampReps: 'OutTimestampReps',
  outAddrMasks: 'OutAddrMasks',
  outAddrMaskReps: 'OutAddrMaskReps',
};

const TCP_NAMES: Record<keyof HostTcp, string> = {
  rtoAlgorithm: 'RtoAlgorithm',
  rtoMinMs: 'RtoMin',
  rtoMaxMs: 'RtoMax',
  maxConn: 'MaxConn',
  activeOpens: 'ActiveOpens',
  passiveOpens: 'PassiveOpens',
  attemptFails: 'AttemptFails',
  estabResets: 'EstabResets',
  currEstab: 'CurrEstab',
  inSegs: 'InSegs',
  outSegs: 'OutSegs',
  retransSegs: 'RetransSegs',
  inErrs: 'InErrs',
  outRsts: 'OutRsts',
  inCsumErrors: 'InCsumErrors',
};

const UDP_NAMES: Record<keyof HostUdp, string> = {
  inDatagrams: 'InDatagrams',
  noPorts: 'NoPorts',
  inErrors: 'InErrors',
  outDatagrams: 'OutDatagrams',
  rcvbufErrors: 'RcvbufErrors',
  sndbufErrors: 'SndbufErrors',
  inCsumErrors: 'InCsumErrors',
};

export function readMib2(procfs: string): HostMib2 {
  return parseMib2(readText(`${procfs}/net/snmp`));
}
