// Rows found by their key: open addressing with linear probing, in typed arrays. Rows stay in the order of their coming. Pure.

import { createRows, enlargeRows, type Rows } from './flow-row.ts';

export interface RowTable {
  readonly keyWords: number;
  readonly rowWords: number;
  count: number;
  /** By CHUNK_ROWS; only the first is ever moved, so that a full table has neither spare room nor pauses. */
  readonly chunks: Rows[];
  /** Pairs: hash, row + 1; where that is 0 nothing is. A power of two of them, at most half used. */
  slots: Int32Array;
}

const CHUNK_SHIFT = 9;
export const CHUNK_ROWS = 1 << CHUNK_SHIFT;
/** A window of one flow is to be cheap: a message can make as many of them as it has samples. */
const FIRST_ROWS = 8;
const FIRST_SLOTS = 16;
const GROWTH = 4;

/** @param keyWords the first of a row */
export function createRowTable(rowWords: number, keyWords: number): RowTable {
  return { rowWords, keyWords, count: 0, chunks: [], slots: new Int32Array(FIRST_SLOTS * 2) };
}

/** The rows among which a row is; it starts there at `wordOf`. */
export function chunkOf(table: RowTable, row: number): Rows {
  return table.chunks[row >>> CHUNK_SHIFT] as Rows;
}

export function wordOf(table: RowTable, row: number): number {
  return (row & (CHUNK_ROWS - 1)) * table.rowWords;
}

export function bytesOf(table: RowTable): number {
  return table.chunks.reduce((sum, { bytes }) => sum + bytes.length, table.slots.length * 4);
}

/** @returns the row with this key; when there was none, a copy of what was given, and count is one more */
export function findOrAdd(table: RowTable, words: Int32Array, at: number): number {
  const { slots, chunks, keyWords, rowWords } = table;
  const mask = (slots.length >>> 1) - 1;
  const hash = hashOf(words, at, keyWords);
  let slot = hash & mask;
  for (let used = slots[slot * 2 + 1] as number; used !== 0; used = slots[slot * 2 + 1] as number) {
    if (slots[slot * 2] === hash) {
      const row = used - 1;
      const { ints } = chunks[row >>> CHUNK_SHIFT] as Rows;
      const start = (row & (CHUNK_ROWS - 1)) * rowWords;
      let word = 0;
      while (word < keyWords && ints[start + word] === words[at + word]) word++;
      if (word === keyWords) return row;
    }
    slot = (slot + 1) & mask;
  }
  slots[slot * 2] = hash;
  slots[slot * 2 + 1] = table.count + 1;
  return append(table, words, at);
}

function append(table: RowTable, words: Int32Array, at: number): number {
  const { chunks, rowWords } = table;
  const row = table.count++;
  const start = wordOf(table, row);
  let chunk = chunks[row >>> CHUNK_SHIFT];
  if (!chunk) {
    chunk = createRows((row === 0 ? FIRST_ROWS : CHUNK_ROWS) * rowWords);
    chunks.push(chunk);
  } else if (start === chunk.ints.length) {
    chunk = enlargeRows(chunk, Math.min(start * GROWTH, CHUNK_ROWS * rowWords));
    chunks[row >>> CHUNK_SHIFT] = chunk;
  }
  const { ints } = chunk;
  for (let word = 0; word < rowWords; word++) ints[start + word] = words[at + word] as number;
  if (table.count * 4 > table.slots.length) enlargeSlots(table);
  return row;
}

function enlargeSlots(table: RowTable): void {
  const old = table.slots;
  const slots = new Int32Array(old.length * GROWTH);
  const mask = (slots.length >>> 1) - 1;
  for (let from = 0; from < old.length; from += 2) {
    if (old[from + 1] === 0) continue;
    let slot = (old[from] as number) & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = old[from] as number;
    slots[slot * 2 + 1] = old[from + 1] as number;
  }
  table.slots = slots;
}

/** Other ones in each process: nobody on the network can choose packets whose keys collide. What comes out does not depend on them. */
const secrets = crypto.getRandomValues(new Int32Array(32));

/** MurmurHash3 (x86, 32 bits) of words that had a secret added. */
function hashOf(words: Int32Array, at: number, count: number): number {
  let hash = secrets[31] as number;
  for (let word = 0; word < count; word++) {
    let mixed = Math.imul((words[at + word] as number) + (secrets[word] as number), 0xcc9e2d51);
    mixed = (mixed << 15) | (mixed >>> 17);
    hash ^= Math.imul(mixed, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
