// How many things are remembered of all agents together. Whoever may send can name any number of agents, interfaces and
// reasons: each by itself has a bound too, but a thousand times 65,536 is none.

/** What one owner has of it. */
export interface Share {
  /** @returns false: nothing is left */
  take(): boolean;
  /** One that was taken is free again. */
  give(): void;
  /** All that was taken is free again. */
  release(): void;
}

export type Budget = () => Share;

export function createBudget(entriesMax: number): Budget {
  let left = entriesMax;
  return () => {
    let taken = 0;
    return {
      take() {
        if (left === 0) return false;
        left--;
        taken++;
        return true;
      },
      give() {
        left++;
        taken--;
      },
      release() {
        left += taken;
        taken = 0;
      },
    };
  };
}
