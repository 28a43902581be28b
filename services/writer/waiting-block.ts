// What waits to be inserted into one table.

import type { KafkaMessage } from 'kafkajs';
import type { Piece, TableFormat } from './block-formats.ts';

export interface WaitingBlock {
  table: TableFormat;
  /** Of each message that has rows for the table. */
  parts: Buffer[];
  messages: KafkaMessage[];
  rowsOf: number[];
  rows: number;
}

export function emptyBlock(table: TableFormat): WaitingBlock {
  return { table, parts: [], messages: [], rowsOf: [], rows: 0 };
}

export function addPiece(block: WaitingBlock, message: KafkaMessage, { part, rows }: Piece): void {
  if (rows === 0) return;
  block.parts.push(part);
  block.messages.push(message);
  block.rowsOf.push(rows);
  block.rows += rows;
}
