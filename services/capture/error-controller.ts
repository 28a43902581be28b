// Chooses for each busy measuring point the coarsest rate, by powers of two from what its rule says, whose estimates over a
// minute still have the wanted error. Pure.

export interface ErrorControllerOptions {
  /** Half the width of the 95 % interval over a minute, in percent of the estimate. */
  wantedErrorPercent: number;
  /** Points with less traffic over the last minute keep the rate of their rule. */
  minBitsPerSecond: number;
}

/** Counters of a point since its start, and the rate of its rule. */
export interface PointLoad {
  packets: number;
  bytes: number;
  rate: number;
}

export interface ErrorController {
  /**
   * Call it every LOOK_SECONDS.
   * @param loads by point @returns point → factor for the rate of its rule, a power of two; those not in it: 1
   */
  update(loads: ReadonlyMap<string, PointLoad>): Map<string, number>;
}

export const LOOK_SECONDS = 10;
const LOOKS_PER_MINUTE = 60 / LOOK_SECONDS;
const Z95 = 1.96;
/**
 * Bytes spread more than packets, since sizes differ: their variance is higher by E[b²] / E[b]², which is 1.6 for a mix of
 * 40 % small and 60 % large packets. Sizes are not counted here, so this covers the usual.
 */
const SIZE_SPREAD = 2;
/** Coarser only when there is this much more than needed, so that the rate does not swing. */
const ROOM = 1.25;

/** Samples that give the error: the relative standard error of a count of n is at most 1 / √n. */
export function samplesNeeded(errorPercent: number): number {
  return SIZE_SPREAD * (Z95 / (errorPercent / 100)) ** 2;
}

interface History {
  /** Newest last, at most a minute and the start of it. */
  looks: PointLoad[];
  factor: number;
}

export function createErrorController({
  wantedErrorPercent,
  minBitsPerSecond,
}: ErrorControllerOptions): ErrorController {
  const needed = samplesNeeded(wantedErrorPercent);
  let histories = new Map<string, History>();

  function factorOf(history: History): number {
    const last = history.looks.at(-1) as PointLoad;
    const first = history.looks[0] as PointLoad;
    const minutes = (history.looks.length - 1) / LOOKS_PER_MINUTE;
    if (minutes === 0) return 1;
    const packetsPerMinute = (last.packets - first.packets) / minutes;
    const bitsPerSecond = ((last.bytes - first.bytes) * 8) / (minutes * 60);
    if (bitsPerSecond < minBitsPerSecond) return 1;
    const wanted = packetsPerMinute / needed / last.rate;
    const finest = 1 / 2 ** Math.floor(Math.log2(last.rate));
    const exact = Math.max(finest, 2 ** Math.floor(Math.log2(wanted)));
    const withRoom = Math.max(finest, 2 ** Math.floor(Math.log2(wanted / ROOM)));
    // Finer at once when it must be; coarser only with room.
    if (exact < history.factor) return exact;
    return Math.max(history.factor, withRoom);
  }

  return {
    update(loads) {
      const next = new Map<string, History>();
      const factors = new Map<string, number>();
      for (const [key, load] of loads) {
        const before = histories.get(key) ?? { looks: [], factor: 1 };
        // A point that starts anew, or another rule: its past says nothing.
        const same = before.looks.at(-1)?.rate === load.rate && load.packets >= (before.looks.at(-1)?.packets ?? 0);
        const looks = [...(same ? before.looks : []), load].slice(-LOOKS_PER_MINUTE - 1);
        const history = { looks, factor: same ? before.factor : 1 };
        history.factor = factorOf(history);
        next.set(key, history);
        if (history.factor !== 1) factors.set(key, history.factor);
      }
      histories = next;
      return factors;
    },
  };
}
