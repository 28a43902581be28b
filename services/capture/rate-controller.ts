// Keeps the service under ceilings, of samples per second and of its own CPU, by making all rates coarser in powers of two; and
// finer again, down to what the rules say, when there is room for it. Each sample has the rate it was chosen at, so sums stay
// unbiased meanwhile. Pure.

/** What there was in the last second. */
export interface Load {
  samplesPerSecond: number;
  /** Of one core. */
  cpuPercent: number;
}

export interface RateController {
  /** @param load at the present factor @returns the factor for all rates from now on */
  update(load: Load): number;
}

const FACTOR_MAX = 2 ** 20;
/** Twice as many samples must fit well below the ceiling, for so long: else the factor would go up and down all the time. */
const ROOM = 0.8;
const CALM_SECONDS = 10;
/** So few samples cost nothing: whatever takes the CPU, coarser rates would not help. */
const SAMPLES_PER_SECOND_MIN = 100;

/** @param ceilings 0 = none */
export function createRateController(ceilings: Load): RateController {
  let factor = 1;
  let calmSeconds = 0;
  const share = (value: number, ceiling: number) => (ceiling > 0 ? value / ceiling : 0);
  return {
    update({ samplesPerSecond, cpuPercent }) {
      const bySamples = share(samplesPerSecond, ceilings.samplesPerSecond);
      const byCpu = samplesPerSecond < SAMPLES_PER_SECOND_MIN ? 0 : share(cpuPercent, ceilings.cpuPercent);
      const pressure = Math.max(bySamples, byCpu);
      if (pressure > 1) {
        calmSeconds = 0;
        factor = Math.min(FACTOR_MAX, factor * 2 ** Math.ceil(Math.log2(pressure)));
      } else if (factor > 1 && pressure * 2 < ROOM) {
        if (++calmSeconds >= CALM_SECONDS) {
          calmSeconds = 0;
          factor /= 2;
        }
      } else calmSeconds = 0;
      return factor;
    },
  };
}
