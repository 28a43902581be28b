// What the flows of a window have in common, kept once: where they were measured, and names. As Avro has it, ready to be
// written. Pure.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import type { BatchHead, BatchTables } from './decoded-batch.ts';
import type { KeySet } from './key-set.ts';

/** Values by their text, each with a number from 0. */
export interface Dictionary<T> {
  numbers: Map<string, number>;
  values: T[];
  /** Of the texts: what a hostile producer could fill memory with. */
  bytes: number;
}

export function createDictionary<T>(): Dictionary<T> {
  return { numbers: new Map(), values: [], bytes: 0 };
}

export function numberOf<T>(dictionary: Dictionary<T>, text: string, value: () => T): number {
  const known = dictionary.numbers.get(text);
  if (known !== undefined) return known;
  const number = dictionary.values.length;
  dictionary.numbers.set(text, number);
  dictionary.values.push(value());
  dictionary.bytes += text.length;
  return number;
}

/** An interface in one direction, as batches describe it. */
export interface Origin {
  ifIndex: number;
  egress: boolean;
  agent: Buffer;
  /** Flow's agent … direction. */
  identity: Buffer;
  decoderVersion: number;
  /** Flow's ifAlias … agentRole. */
  classes: Buffer;
}

type Source = BatchHead['sources'][number];
const UNKNOWN_SOURCE: Source = {
  ifIndex: 0,
  ifName: '',
  direction: 'ingress',
  ifAlias: '',
  ifConnectivity: '',
  ifProvider: '',
  ifBoundary: '',
};

/** Its part of the flow's key. */
export function pointText(head: BatchHead, source: Source | undefined): string {
  const { ifIndex, direction } = source ?? UNKNOWN_SOURCE;
  return `${ifIndex} ${direction} ${head.agent}`;
}

export function originText(head: BatchHead, tables: BatchTables, source: Source | undefined): string {
  const { ifIndex, direction, ifName, ifAlias, ifBoundary } = source ?? UNKNOWN_SOURCE;
  const { agent, agentAddress, decoderVersion } = head;
  const address = agentAddress.toString('latin1');
  const { agentSite, agentRole } = tables;
  return JSON.stringify([
    ifIndex,
    direction,
    agent,
    address,
    decoderVersion,
    ifName,
    ifAlias,
    ifBoundary,
    agentSite,
    agentRole,
  ]);
}

export function makeOrigin(head: BatchHead, tables: BatchTables, source: Source | undefined): Origin {
  const { ifIndex, direction, ifName, ifAlias, ifBoundary } = source ?? UNKNOWN_SOURCE;
  const egress = direction === 'egress';
  return {
    ifIndex,
    egress,
    agent: Buffer.from(head.agent),
    identity: Buffer.concat([
      avroString(head.agent),
      head.agentAddress,
      avroLong(ifIndex),
      avroString(ifName),
      avroLong(egress ? 1 : 0),
    ]),
    decoderVersion: head.decoderVersion,
    classes: Buffer.concat([ifAlias, ifBoundary, tables.agentSite, tables.agentRole].map(avroString)),
  };
}

/** A summary's agent … direction: what of them is in the key. */
export function summaryPoint(
  { has }: KeySet,
  { agent }: BatchHead,
  { agentSite, agentRole }: BatchTables,
  source: Source | undefined,
): Buffer {
  const { ifIndex, ifName, ifAlias, ifBoundary, direction } = source ?? UNKNOWN_SOURCE;
  return Buffer.concat([
    avroString(has.agent ? agent : ''),
    avroString(has.agentSite ? agentSite : ''),
    avroString(has.agentRole ? agentRole : ''),
    avroLong(has.ifIndex ? ifIndex : 0),
    avroString(has.ifName ? ifName : ''),
    avroString(has.ifAlias ? ifAlias : ''),
    avroString(has.ifBoundary ? ifBoundary : ''),
    avroString(has.direction ? direction : ''),
  ]);
}

export function avroString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([avroLong(bytes.length), bytes]);
}

function avroLong(value: number): Buffer {
  const bytes = Buffer.alloc(10);
  return bytes.subarray(0, writeLong(bytes, 0, value));
}
