// counters_sample_expanded with if_counters (sFlow Version 5, section 5; the objects are those of RFC 2863).
//
//   tag 4, length
//   sequence, ds_class, ds_index, record count                               4 × u32
//   tag 1, length 88: if_counters
//   [ tag 2, length 52: ethernet_counters ]
//   [ tag 1005, length: name<255> ]

import type { EthernetCounters, InterfaceCounters } from '@tcxflow/schemas/generated.ts';
import {
  COUNTERS_SAMPLE_EXPANDED,
  DATA_SOURCE_IF_INDEX,
  ETHERNET_COUNTERS,
  IF_COUNTERS,
  IF_STATUS_ADMIN_UP,
  IF_STATUS_OPER_UP,
  PORT_NAME,
  TRUTH_VALUE_FALSE,
  TRUTH_VALUE_TRUE,
  UNKNOWN_U32,
} from './constants.ts';
import { closeLength, openLength, padded, type Sink, writeString, writeU32, writeU64 } from './xdr-sink.ts';

export interface CounterSample {
  /** From 1 per data source, made where the counters were read. */
  sequence: number;
  counters: InterfaceCounters;
}

const MAX_PORT_NAME_BYTES = 255;

/** The largest counters sample, port_name included. */
export const MAX_COUNTER_SAMPLE_BYTES = 8 + 16 + (8 + 88) + (8 + 52) + (8 + 4 + padded(MAX_PORT_NAME_BYTES));

/** Look at `sink.overflow` afterwards. */
export function writeCounterSample(sink: Sink, sample: CounterSample, withPortName = false): void {
  const { counters } = sample;
  writeU32(sink, COUNTERS_SAMPLE_EXPANDED);
  const length = openLength(sink);
  writeU32(sink, sample.sequence);
  writeU32(sink, DATA_SOURCE_IF_INDEX);
  writeU32(sink, counters.ifIndex);
  writeU32(sink, 1 + (counters.ethernet ? 1 : 0) + (withPortName ? 1 : 0));
  writeIfCounters(sink, counters);
  if (counters.ethernet) writeEthernetCounters(sink, counters.ethernet);
  if (withPortName) writePortName(sink, counters.ifName);
  closeLength(sink, length);
}

function writeIfCounters(sink: Sink, counters: InterfaceCounters): void {
  writeU32(sink, IF_COUNTERS);
  const length = openLength(sink);
  writeU32(sink, counters.ifIndex);
  writeU32(sink, counters.ifType);
  writeU64(sink, counters.ifSpeed);
  writeU32(sink, counters.ifDirection);
  writeU32(sink, (counters.adminUp ? IF_STATUS_ADMIN_UP : 0) | (counters.operUp ? IF_STATUS_OPER_UP : 0));
  writeU64(sink, counters.inOctets);
  writeU32(sink, unicast(counters.inPackets, counters.inMulticast, counters.inBroadcast));
  writeU32(sink, counters.inMulticast ?? UNKNOWN_U32);
  writeU32(sink, counters.inBroadcast ?? UNKNOWN_U32);
  writeU32(sink, counters.inDiscards);
  writeU32(sink, counters.inErrors);
  writeU32(sink, UNKNOWN_U32); // ifInUnknownProtos: Linux does not count it per interface.
  writeU64(sink, counters.outOctets);
  writeU32(sink, unicast(counters.outPackets, counters.outMulticast, counters.outBroadcast));
  writeU32(sink, counters.outMulticast ?? UNKNOWN_U32);
  writeU32(sink, counters.outBroadcast ?? UNKNOWN_U32);
  writeU32(sink, counters.outDiscards);
  writeU32(sink, counters.outErrors);
  // ifPromiscuousMode is a TruthValue; 0 would say unknown.
  writeU32(sink, counters.promiscuous ? TRUTH_VALUE_TRUE : TRUTH_VALUE_FALSE);
  closeLength(sink, length);
}

/** dot3StatsTable of RFC 3635, in the order of the sFlow structure. */
const ETHERNET_FIELDS = [
  'alignmentErrors',
  'fcsErrors',
  'singleCollisionFrames',
  'multipleCollisionFrames',
  'sqeTestErrors',
  'deferredTransmissions',
  'lateCollisions',
  'excessiveCollisions',
  'internalMacTransmitErrors',
  'carrierSenseErrors',
  'frameTooLongs',
  'internalMacReceiveErrors',
  'symbolErrors',
] as const satisfies readonly (keyof EthernetCounters)[];

function writeEthernetCounters(sink: Sink, counters: EthernetCounters): void {
  writeU32(sink, ETHERNET_COUNTERS);
  const length = openLength(sink);
  for (const field of ETHERNET_FIELDS) writeU32(sink, counters[field] ?? UNKNOWN_U32);
  closeLength(sink, length);
}

/**
 * Packets that are not known to be multicast or broadcast. host-sflow does the same, and the three counters then add up
 * to all packets. The kernel reads its counters one after the other, so a difference can be negative for a moment.
 */
function unicast(packets: number, multicast: number | null, broadcast: number | null): number {
  return Math.max(0, packets - (multicast ?? 0) - (broadcast ?? 0));
}

function writePortName(sink: Sink, name: string): void {
  writeU32(sink, PORT_NAME);
  const length = openLength(sink);
  writeString(sink, name, MAX_PORT_NAME_BYTES);
  closeLength(sink, length);
}
