// How the messages of a topic become INSERTs: what of them goes into which table. Pure.

import { countersCodec, dropBatchCodec, flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { encodeContainer } from './avro-container.ts';
import { flowBody } from './flow-body.ts';
import { counterRows, hostRows, interfaceRows } from './rows/counters.ts';
import { dropRows, dropSampleRows } from './rows/drops.ts';
import { jsonLines } from './rows/text.ts';

export interface TableFormat {
  table: string;
  /** FORMAT of the INSERT. */
  format: 'Avro' | 'JSONEachRow';
  /** The INSERT's body. */
  join(parts: readonly Buffer[]): Buffer[];
}

/** A message's part of a table's block. */
export interface Piece {
  part: Buffer;
  rows: number;
}

export interface BlockFormat {
  tables: readonly TableFormat[];
  /** A piece for each of the tables, in their order. @throws {SchemaError} */
  read(message: Buffer | null): readonly Piece[];
}

const flows: BlockFormat = {
  tables: [{ table: 'flows', format: 'Avro', join: (parts) => encodeContainer(flowCodec.schema, parts) }],
  read: (message) => [{ part: flowBody(message), rows: 1 }],
};

/** Messages that are several rows, in lines of JSON: they are few. */
function linesOf<T>(
  codec: { decode(message: Buffer | null): T },
  tables: Record<string, (value: T) => object[]>,
): BlockFormat {
  const rowsOf = Object.values(tables);
  return {
    tables: Object.keys(tables).map((table) => ({ table, format: 'JSONEachRow', join: (parts) => [...parts] })),
    read(message) {
      const value = codec.decode(message);
      return rowsOf.map((toRows) => {
        const rows = toRows(value);
        return { part: jsonLines(rows), rows: rows.length };
      });
    },
  };
}

export const blockFormats: Record<string, BlockFormat> = {
  [topicNames.flows]: flows,
  [topicNames.counters]: linesOf(countersCodec, {
    interface_counters: counterRows,
    host_counters: hostRows,
    interfaces: interfaceRows,
  }),
  [topicNames.drops]: linesOf(dropBatchCodec, { drops: dropRows, drop_samples: dropSampleRows }),
};
