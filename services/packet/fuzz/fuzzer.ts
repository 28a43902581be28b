// A fuzzer that keeps what leads somewhere new: to a block of the decoder that never ran, or to a kind of packet that never
// came out. Of our own, because those on npm are built on libFuzzer, which the registry's package compiles from sources that
// it has to download.

import type { Coverage } from './coverage.ts';
import { createRandom, mutate } from './mutate.ts';
import { runTarget } from './target.ts';

const BATCH = 2000;
const KEPT_MAX = 20_000;

export interface FuzzResult {
  inputs: number;
  /** Kept inputs: each led to something new. */
  kept: number;
  kinds: number;
  blocks: number;
  /** The first one, which ends the run: one at a time gets mended. */
  crash: { input: Buffer; error: Error } | undefined;
}

/** @param isOver asked after each batch */
export function fuzz(seeds: readonly Buffer[], seed: number, coverage: Coverage, isOver: () => boolean): FuzzResult {
  const random = createRandom(seed);
  const kinds = new Set<string>();
  const kept = [...seeds];
  const result: FuzzResult = { inputs: 0, kept: 0, kinds: 0, blocks: 0, crash: undefined };
  const run = (input: Buffer): boolean => {
    result.inputs++;
    try {
      const kind = runTarget(input);
      const isNew = !kinds.has(kind);
      kinds.add(kind);
      return isNew;
    } catch (error) {
      result.crash ??= { input, error: error as Error };
      return false;
    }
  };
  const keep = (input: Buffer): void => {
    if (kept.length < KEPT_MAX) kept.push(input);
    else kept[random(KEPT_MAX)] = input;
  };
  for (const input of seeds) run(input);
  const blocks = coverage.take();
  while (!result.crash && !isOver()) {
    const batch = Array.from({ length: BATCH }, () => mutate(pick(kept, random), pick(kept, random), random));
    for (const input of batch.filter(run)) keep(input);
    for (const block of coverage.take()) {
      if (blocks.has(block)) continue;
      blocks.add(block);
      keep(findInput(batch, block, coverage, run));
    }
  }
  return { ...result, kept: kept.length - seeds.length, kinds: kinds.size, blocks: blocks.size };
}

function pick(kept: readonly Buffer[], random: (below: number) => number): Buffer {
  return kept[random(kept.length)] as Buffer;
}

/** Halves the batch until one is left: asking V8 takes longer than decoding. */
function findInput(batch: Buffer[], block: string, coverage: Coverage, run: (input: Buffer) => boolean): Buffer {
  let from = 0;
  let to = batch.length;
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    for (let index = from; index < middle; index++) run(batch[index] as Buffer);
    if (coverage.take().has(block)) to = middle;
    else from = middle;
  }
  return batch[from] as Buffer;
}
