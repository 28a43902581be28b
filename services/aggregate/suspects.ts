// Messages in the middle of whose adding something failed that no message should make fail. The partition is read again, as half
// of the message is in its windows; when it fails again, it is the message, and the partition goes on without it. Pure.

import type { PartitionContext } from '@tcxflow/common/partition-consumer.ts';

/** Memory may be short once. */
const FAILURES_MAX = 2;

export interface Suspects {
  note(at: Place, offset: number, error: Error): void;
  /** @returns why this message is not to be added */
  guilt(at: Place, offset: number): Error | undefined;
  /** What is before this offset does not come again. */
  forget(at: Place, offset: number): void;
}

type Place = Pick<PartitionContext, 'partition'>;

/** Outlives the processors: each failure ends one. */
export function createSuspects(): Suspects {
  /** Partition → offset → how often it failed, and how. */
  const partitions = new Map<number, Map<number, { failures: number; error: Error }>>();
  return {
    note({ partition }, offset, error) {
      const offsets = partitions.get(partition) ?? new Map<number, { failures: number; error: Error }>();
      partitions.set(partition, offsets);
      offsets.set(offset, { failures: (offsets.get(offset)?.failures ?? 0) + 1, error });
    },
    guilt({ partition }, offset) {
      const suspect = partitions.get(partition)?.get(offset);
      return suspect && suspect.failures >= FAILURES_MAX ? suspect.error : undefined;
    },
    forget({ partition }, offset) {
      const offsets = partitions.get(partition);
      for (const known of offsets?.keys() ?? []) if (known < offset) offsets?.delete(known);
    },
  };
}
