// Rates of pure code: a warm-up, then several runs, of which the median counts. Machines are noisy: compare within a run.

export interface Measurement {
  median: number;
  min: number;
  max: number;
  unit: string;
  runs: number;
}

const RUNS = 9;
const RUN_MS = 300;

/**
 * @param round does the work once
 * @param perRound how many of `unit` a round is
 * @param unit as in `samples/s`
 */
export function measureRate(round: () => void, perRound: number, unit: string): Measurement {
  roundsPerSecond(round); // Warm-up: compiled by then.
  return summarize(
    Array.from({ length: RUNS }, () => roundsPerSecond(round) * perRound),
    unit,
  );
}

/** @param digits behind the point: more are noise */
export function summarize(values: readonly number[], unit: string, digits = 0): Measurement {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => Number((sorted[index] as number).toFixed(digits));
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1), unit, runs: sorted.length };
}

function roundsPerSecond(round: () => void): number {
  const start = performance.now();
  let rounds = 0;
  while (performance.now() - start < RUN_MS) {
    round();
    rounds++;
  }
  return (rounds * 1000) / (performance.now() - start);
}
