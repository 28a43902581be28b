// Keeps samples per second under a ceiling by making all rates coarser, in powers of two; and finer again, down to what the
// rules say, when there is room for it. Each sample has the rate it was chosen at, so sums stay unbiased meanwhile. Pure.

export interface RateController {
  /** @param samplesPerSecond chosen in the last second at the present factor @returns the factor for all rates from now on */
  update(samplesPerSecond: number): number;
}

const FACTOR_MAX = 2 ** 20;
/** Twice as many samples must fit well below the ceiling, for so long: else the factor would go up and down all the time. */
const ROOM = 0.8;
const CALM_SECONDS = 10;

export function createRateController(ceilingPerSecond: number): RateController {
  let factor = 1;
  let calmSeconds = 0;
  return {
    update(samplesPerSecond) {
      if (samplesPerSecond > ceilingPerSecond) {
        calmSeconds = 0;
        const steps = Math.ceil(Math.log2(samplesPerSecond / ceilingPerSecond));
        factor = Math.min(FACTOR_MAX, factor * 2 ** steps);
      } else if (factor > 1 && samplesPerSecond * 2 < ceilingPerSecond * ROOM) {
        if (++calmSeconds >= CALM_SECONDS) {
          calmSeconds = 0;
          factor /= 2;
        }
      } else calmSeconds = 0;
      return factor;
    },
  };
}
