// How the messages of a topic become INSERTs: what of them goes into which table. Pure.

import { SchemaError } from '@tcxflow/schemas/avro.ts';
import {
  countersCodec,
  dropBatchCodec,
  flowCodec,
  flowSummaryCodec,
  ledgerEntryCodec,
  topicNames,
} from '@tcxflow/schemas/topics.ts';
import { encodeContainer } from './avro-container.ts';
import { flowBody, summaryBody } from './flow-body.ts';
import { capturedRows } from './rows/captured.ts';
import { counterRows, hostRows, interfaceRows } from './rows/counters.ts';
import { dropRows, dropSampleRows } from './rows/drops.ts';
import { ledgerRows } from './rows/ledger.ts';
import { sampleRows } from './rows/samples.ts';
import { jsonLines, type Position } from './rows/text.ts';

export interface TableFormat {
  table: string;
  /** FORMAT of the INSERT. */
  format: 'Avro' | 'JSONEachRow' | 'RowBinary';
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
  read(message: Buffer | null, position: Position): readonly Piece[];
}

/** Messages that are a row each, as they are. */
function bodiesOf(
  table: string,
  { schema }: { schema: object },
  body: (message: Buffer | null) => Buffer,
): BlockFormat {
  return {
    tables: [{ table, format: 'Avro', join: (parts) => encodeContainer(schema, parts) }],
    read: (message) => [{ part: body(message), rows: 1 }],
  };
}

/** Messages that are several rows, in lines of JSON: they are few. */
function linesOf<T>(
  codec: { decode(message: Buffer | null): T },
  tables: Record<string, (value: T, position: Position) => object[]>,
): BlockFormat {
  const rowsOf = Object.values(tables);
  return {
    tables: Object.keys(tables).map(jsonTable),
    read(message, position) {
      const value = codec.decode(message);
      return rowsOf.map((toRows) => linesPiece(toRows(value, position)));
    },
  };
}

function jsonTable(table: string): TableFormat {
  return { table, format: 'JSONEachRow', join: (parts) => [...parts] };
}

function linesPiece(rows: readonly object[]): Piece {
  return { part: jsonLines(rows), rows: rows.length };
}

/** What can't be read goes to the dead letters once, which decode does. */
function rawSamples(samples: boolean): BlockFormat {
  const binary: TableFormat = { table: 'samples', format: 'RowBinary', join: (parts) => [...parts] };
  return {
    tables: [jsonTable('captured'), ...(samples ? [binary] : [])],
    read: (message, position) => [
      linesPiece(capturedRows(message, position)),
      ...(samples ? [samplesPiece(message, position)] : []),
    ],
  };
}

function samplesPiece(message: Buffer | null, position: Position): Piece {
  try {
    return sampleRows(message, position);
  } catch (error) {
    if (error instanceof SchemaError) return { part: Buffer.alloc(0), rows: 0 };
    throw error;
  }
}

/** @param options.samples whether each sample is a row, too */
export function blockFormatsOf(options: { samples: boolean }): Record<string, BlockFormat> {
  return {
    [topicNames.flows]: bodiesOf('flows', flowCodec, flowBody),
    [topicNames.flowSummaries]: bodiesOf('flow_summaries', flowSummaryCodec, summaryBody),
    [topicNames.counters]: linesOf(countersCodec, {
      interface_counters: counterRows,
      host_counters: hostRows,
      interfaces: interfaceRows,
    }),
    [topicNames.drops]: linesOf(dropBatchCodec, { drops: dropRows, drop_samples: dropSampleRows }),
    [topicNames.rawSamples]: rawSamples(options.samples),
    [topicNames.ledger]: linesOf(ledgerEntryCodec, { ledger: ledgerRows }),
  };
}

export const blockFormats = blockFormatsOf({ samples: false });
