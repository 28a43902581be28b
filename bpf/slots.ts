// Which interface has which place (slot) in the maps of a capture. Pure.
//
// A slot belongs to an ifIndex, also while nothing is attached there: an interface that comes back goes on with its numbers.
// When no slot is left that was never used, the one that was let go of first gets a new owner, but only after everything
// that the ring held at that time was read: a record names its slot, and must mean the owner it was made for.

export interface Slot {
  readonly index: number;
  readonly ifIndex: number;
}

export interface SlotTable {
  /**
   * @returns the interface's slot; `isNew` when it did not have it before, `displaced` whose it was.
   * 'collision': an attached interface has the same place in the table of indexes. undefined: none is free.
   */
  take(ifIndex: number): { slot: Slot; isNew: boolean; displaced?: Slot } | 'collision' | undefined;
  /** Nothing is attached there any more. */
  release(slot: Slot): void;
  /** Call before the ring is flushed, and what it returns after: slots released before may then have new owners. */
  beginFlush(): () => void;
  /** A flush would make slots free. */
  needsFlush(): boolean;
}

/** SLOT_CELLS of sample.h: the program finds an interface by the low bits of its index. */
export const SLOT_CELLS = 65_536;

export function createSlotTable(size: number): SlotTable {
  const byIfIndex = new Map<number, Slot>();
  /** Attached ones by cell. */
  const cells = new Map<number, Slot>();
  /** Let go of, the first first. */
  const released = new Map<Slot, { drained: boolean }>();
  let used = 0;

  function own(slot: Slot): Slot {
    byIfIndex.set(slot.ifIndex, slot);
    cells.set(slot.ifIndex % SLOT_CELLS, slot);
    return slot;
  }

  return {
    take(ifIndex) {
      const holder = cells.get(ifIndex % SLOT_CELLS);
      if (holder && holder.ifIndex !== ifIndex) return 'collision';
      const known = byIfIndex.get(ifIndex);
      if (known) {
        released.delete(known);
        return { slot: own(known), isNew: false };
      }
      if (used < size) return { slot: own({ index: used++, ifIndex }), isNew: true };
      const [displaced] = [...released].find(([, { drained }]) => drained) ?? [];
      if (!displaced) return undefined;
      released.delete(displaced);
      byIfIndex.delete(displaced.ifIndex);
      return { slot: own({ index: displaced.index, ifIndex }), isNew: true, displaced };
    },
    release(slot) {
      if (cells.get(slot.ifIndex % SLOT_CELLS) !== slot) return;
      cells.delete(slot.ifIndex % SLOT_CELLS);
      released.set(slot, { drained: false });
    },
    beginFlush() {
      // What comes back meanwhile and is let go of again has an entry of its own.
      const before = [...released.values()];
      return () => {
        for (const entry of before) entry.drained = true;
      };
    },
    needsFlush: () => used >= size && [...released.values()].some(({ drained }) => !drained),
  };
}
