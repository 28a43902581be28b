// A block without the messages that ClickHouse refuses: halves of halves until each is by itself.

import { isRefusal } from './refusal.ts';

/** Messages of a block by their index: from `start` up to and without `end`. */
export interface Span {
  start: number;
  end: number;
}

/**
 * Inserts a span; when it is refused, its halves, in order. Which spans are tried depends on the block and the refusals
 * alone, so that a block which is tried again after a crash has the same spans, under the same tokens.
 * @param insert resolves when the span is in; throws a refusal, or what ends the work
 * @param refuse what becomes of a message that is refused alone
 */
export async function insertBisecting(
  span: Span,
  insert: (span: Span) => Promise<void>,
  refuse: (index: number, error: Error) => Promise<void>,
): Promise<void> {
  try {
    await insert(span);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { start, end } = span;
    if (end - start === 1) return refuse(start, error);
    const middle = (start + end) >> 1;
    await insertBisecting({ start, end: middle }, insert, refuse);
    await insertBisecting({ start: middle, end }, insert, refuse);
  }
}
