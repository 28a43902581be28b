// Kafka's answer to a request is worth waiting for together: what is asked for while one is under way goes with the next.

/** How much may go together. */
export interface JoinedOptions<T> {
  weightOf(item: T): number;
  /** An item that is heavier goes alone. */
  maxWeight: number;
}

/**
 * @param run does it for all items, in the order in which they were asked for; it is never called while it runs
 * @returns asks for one item; settles as the run that it was in does. Whoever asks waits for it, so that what waits is bounded by them
 */
export function joined<T>(
  run: (items: T[]) => Promise<void>,
  { weightOf, maxWeight }: JoinedOptions<T>,
): (item: T) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting: { items: T[]; weight: number; done: Promise<void> } | undefined;

  return (item) => {
    const weight = weightOf(item);
    if (waiting && waiting.weight + weight <= maxWeight) {
      waiting.items.push(item);
      waiting.weight += weight;
      return waiting.done;
    }
    const items = [item];
    const done = last.then(() => {
      // From here on it is under way.
      if (waiting?.items === items) waiting = undefined;
      return run(items);
    });
    last = done.catch(() => undefined); // whoever asked gets the error; the next goes on
    waiting = { items, weight, done };
    return done;
  };
}
