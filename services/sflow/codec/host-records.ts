// Counter records of a machine (sFlow Host Structures, sFlow Host TCP/IP Counters): each a list of the topic's fields in
// the order of the wire. What is not known is 0, a counter that nobody keeps all ones (sFlow Version 5, section 5).

import type { HostCounters } from '@tcxflow/schemas/generated.ts';
import {
  HOST_CPU,
  HOST_DISK_IO,
  HOST_MEMORY,
  HOST_NET_IO,
  MIB2_ICMP_GROUP,
  MIB2_IP_GROUP,
  MIB2_TCP_GROUP,
  MIB2_UDP_GROUP,
} from './constants.ts';

/**
 * counter, counter64: all ones when unknown. gauge, gauge64: 0. load: a float, -1. percent: hundredths, -1.
 */
export type FieldKind = 'counter' | 'counter64' | 'gauge' | 'gauge64' | 'load' | 'percent';

type Group = Exclude<keyof HostCounters, 'description'>;
type FieldsOf<G extends Group> = readonly (readonly [FieldKind, keyof NonNullable<HostCounters[G]> & string])[];

export interface HostRecord {
  tag: number;
  group: Group;
  fields: readonly (readonly [FieldKind, string])[];
}

const record = <G extends Group>(tag: number, group: G, fields: FieldsOf<G>): HostRecord => ({ tag, group, fields });
const all = <const K extends string>(kind: FieldKind, names: readonly K[]) =>
  names.map((name) => [kind, name] as const);

/** In the order of their numbers. */
export const HOST_RECORDS: readonly HostRecord[] = [
  record(HOST_CPU, 'cpu', [
    ...all('load', ['loadOne', 'loadFive', 'loadFifteen']),
    ...all('gauge', ['procRun', 'procTotal', 'cpuNum', 'speedMhz', 'uptimeSeconds']),
    ...all('counter', ['userMs', 'niceMs', 'systemMs', 'idleMs', 'wioMs', 'intrMs', 'sintrMs']),
    ...all('counter', ['interrupts', 'contexts', 'stealMs', 'guestMs', 'guestNiceMs']),
  ]),
  record(HOST_MEMORY, 'memory', [
    ...all('gauge64', ['totalBytes', 'freeBytes', 'sharedBytes', 'buffersBytes', 'cachedBytes']),
    ...all('gauge64', ['swapTotalBytes', 'swapFreeBytes']),
    ...all('counter', ['pageInKib', 'pageOutKib', 'swapInPages', 'swapOutPages']),
  ]),
  record(HOST_DISK_IO, 'disk', [
    ...all('gauge64', ['totalBytes', 'freeBytes']),
    ['percent', 'partMaxUsedPercent'],
    ['counter', 'reads'],
    ['counter64', 'readBytes'],
    ['counter', 'readMs'],
    ['counter', 'writes'],
    ['counter64', 'writtenBytes'],
    ['counter', 'writeMs'],
  ]),
  record(HOST_NET_IO, 'network', [
    ['counter64', 'inBytes'],
    ...all('counter', ['inPackets', 'inErrors', 'inDrops']),
    ['counter64', 'outBytes'],
    ...all('counter', ['outPackets', 'outErrors', 'outDrops']),
  ]),
  record(MIB2_IP_GROUP, 'ip', [
    ...all('gauge', ['forwarding', 'defaultTTL']),
    ...all('counter', ['inReceives', 'inHdrErrors', 'inAddrErrors', 'forwDatagrams', 'inUnknownProtos', 'inDiscards']),
    ...all('counter', ['inDelivers', 'outRequests', 'outDiscards', 'outNoRoutes']),
    ['gauge', 'reasmTimeout'],
    ...all('counter', ['reasmReqds', 'reasmOKs', 'reasmFails', 'fragOKs', 'fragFails', 'fragCreates']),
  ]),
  record(MIB2_ICMP_GROUP, 'icmp', [
    ...all('counter', ['inMsgs', 'inErrors', 'inDestUnreachs', 'inTimeExcds', 'inParamProbs', 'inSrcQuenchs']),
    ...all('counter', ['inRedirects', 'inEchos', 'inEchoReps', 'inTimestamps', 'inAddrMasks', 'inAddrMaskReps']),
    ...all('counter', ['outMsgs', 'outErrors', 'outDestUnreachs', 'outTimeExcds', 'outParamProbs', 'outSrcQuenchs']),
    ...all('counter', ['outRedirects', 'outEchos', 'outEchoReps', 'outTimestamps', 'outTimestampReps']),
    ...all('counter', ['outAddrMasks', 'outAddrMaskReps']),
  ]),
  record(MIB2_TCP_GROUP, 'tcp', [
    ...all('gauge', ['rtoAlgorithm', 'rtoMinMs', 'rtoMaxMs', 'maxConn']),
    ...all('counter', ['activeOpens', 'passiveOpens', 'attemptFails', 'estabResets']),
    ['gauge', 'currEstab'],
    ...all('counter', ['inSegs', 'outSegs', 'retransSegs', 'inErrs', 'outRsts', 'inCsumErrors']),
  ]),
  record(
    MIB2_UDP_GROUP,
    'udp',
    all('counter', [
      ...(['inDatagrams', 'noPorts', 'inErrors', 'outDatagrams'] as const),
      ...(['rcvbufErrors', 'sndbufErrors', 'inCsumErrors'] as const),
    ]),
  ),
];
