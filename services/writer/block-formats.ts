// How the messages of a topic become an INSERT. Pure.

import type { Counters } from '@tcxflow/schemas/generated.ts';
import { countersCodec, flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { encodeContainer } from './avro-container.ts';

export interface BlockFormat {
  table: string;
  /** FORMAT of the INSERT. */
  format: 'Avro' | 'JSONEachRow';
  /** The message's part of a block, and its rows. @throws {SchemaError} */
  read(message: Buffer | null): { part: Buffer; rows: number };
  /** The INSERT's body. */
  join(parts: readonly Buffer[]): Buffer[];
}

const flows: BlockFormat = {
  table: 'flows',
  format: 'Avro',
  read: (message) => ({ part: flowCodec.body(message), rows: 1 }),
  join: (parts) => encodeContainer(flowCodec.schema, parts),
};

const interfaceCounters: BlockFormat = {
  table: 'interface_counters',
  format: 'JSONEachRow',
  read(message) {
    const counters = countersCodec.decode(message);
    const lines = counterRows(counters).map((row) => `${JSON.stringify(row)}\n`);
    return { part: Buffer.from(lines.join('')), rows: lines.length };
  },
  join: (parts) => [...parts],
};

/** Rows of interface_counters. */
export function counterRows(counters: Counters): object[] {
  const seconds = counters.timeNs / 1_000_000_000n;
  const fraction = String(counters.timeNs % 1_000_000_000n).padStart(9, '0');
  const common = { time: `${seconds}.${fraction}`, agent: counters.agent, bootId: counters.bootId.toString('hex') };
  // The table has no columns for what Ethernet adds; it is in the topic.
  return counters.interfaces.map(({ ethernet: _, ...entry }) => ({ ...common, ...entry }));
}

export const blockFormats: Record<string, BlockFormat> = {
  [topicNames.flows]: flows,
  [topicNames.counters]: interfaceCounters,
};
