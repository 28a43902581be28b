// Rows of a list that a batch refers to: number in the whole list → number in the batch's own list, in the order of first
// use. Starting a batch touches no memory but a counter: what was numbered for an earlier batch has an earlier stamp. Pure.

export interface BatchTable<Row> {
  /** Before the first sample of a batch. */
  start(): void;
  /** @param number in the whole list, from 1; 0 = none @returns index in rows(), plus 1; 0 = none */
  indexOf(number: number): number;
  rows(): Row[];
}

/** @param rowOf row of a number */
export function createBatchTable<Row>(rowOf: (number: number) => Row): BatchTable<Row> {
  /** Of number n: the stamp of the batch that used it last, and its index there. */
  let known = new Uint32Array(2048);
  let stamp = 0;
  /** Used by this batch, in their order; the rest is left from earlier ones. */
  const numbers: number[] = [];
  let count = 0;

  function grow(number: number): void {
    const grown = new Uint32Array(2 ** Math.ceil(Math.log2(2 * number + 2)));
    grown.set(known);
    known = grown;
  }

  return {
    start() {
      stamp = (stamp + 1) >>> 0;
      // After four thousand million batches an old stamp could pass for a new one.
      if (stamp === 0) {
        known.fill(0);
        stamp = 1;
      }
      count = 0;
    },
    indexOf(number) {
      if (number === 0) return 0;
      const at = 2 * number;
      if (at < known.length && known[at] === stamp) return known[at + 1] as number;
      if (at >= known.length) grow(number);
      numbers[count++] = number;
      known[at] = stamp;
      known[at + 1] = count;
      return count;
    },
    rows() {
      const rows: Row[] = [];
      for (let i = 0; i < count; i++) rows.push(rowOf(numbers[i] as number));
      return rows;
    },
  };
}
