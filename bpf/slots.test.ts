import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlotTable, SLOT_CELLS, type SlotTable } from './slots.ts';

function take(table: SlotTable, ifIndex: number) {
  const taken = table.take(ifIndex);
  assert.ok(taken && taken !== 'collision', `no slot for ${ifIndex}`);
  return taken;
}

function drain(table: SlotTable): void {
  table.beginFlush()();
}

test('an interface that comes back has its slot again', () => {
  const table = createSlotTable(2);
  const first = take(table, 7);
  assert.equal(first.isNew, true);
  table.release(first.slot);
  take(table, 8);
  const again = take(table, 7);
  assert.deepEqual([again.slot.index, again.isNew], [first.slot.index, false]);
});

test('slots that were never used are taken first, then the one that was let go of first', () => {
  const table = createSlotTable(3);
  const slots = [1, 2].map((ifIndex) => take(table, ifIndex).slot);
  for (const slot of [...slots].reverse()) table.release(slot);
  drain(table);
  assert.equal(take(table, 3).slot.index, 2);
  const fourth = take(table, 4);
  assert.deepEqual([fourth.slot.index, fourth.isNew, fourth.displaced], [1, true, slots[1]]);
  assert.equal(take(table, 5).displaced, slots[0]);
  assert.equal(table.take(6), undefined);
});

test('a slot has no new owner before what the ring held was read', () => {
  const table = createSlotTable(1);
  const { slot } = take(table, 1);
  const early = table.beginFlush();
  assert.equal(table.needsFlush(), false);
  table.release(slot);
  assert.equal(table.needsFlush(), true);
  early(); // began before: records of the interface may have come behind it
  assert.equal(table.take(2), undefined);
  drain(table);
  assert.equal(table.needsFlush(), false);
  assert.equal(take(table, 2).displaced, slot);
});

test('a flush is not for an interface that came back meanwhile and was let go of again', () => {
  const table = createSlotTable(1);
  const { slot } = take(table, 1);
  table.release(slot);
  const flushed = table.beginFlush();
  take(table, 1);
  table.release(slot);
  flushed();
  assert.equal(table.take(2), undefined);
  drain(table);
  assert.equal(take(table, 2).displaced, slot);
});

test('what is displaced and comes again is new', () => {
  const table = createSlotTable(1);
  table.release(take(table, 1).slot);
  drain(table);
  table.release(take(table, 2).slot);
  drain(table);
  assert.equal(take(table, 1).isNew, true);
});

test('two attached interfaces with the same low bits of the index collide; one after the other does not', () => {
  const table = createSlotTable(4);
  const { slot } = take(table, 5);
  assert.equal(table.take(5 + SLOT_CELLS), 'collision');
  table.release(slot);
  assert.equal(take(table, 5 + SLOT_CELLS).slot.index, 1);
  assert.equal(table.take(5), 'collision');
});

test('generations of interfaces without end fit as many slots as are attached at the same time', () => {
  const table = createSlotTable(3);
  const attached: { ifIndex: number; slot: { index: number; ifIndex: number } }[] = [];
  for (let ifIndex = 1; ifIndex < 5000; ifIndex++) {
    if (attached.length === 3) {
      table.release((attached.shift() as (typeof attached)[number]).slot);
      drain(table);
    }
    attached.push({ ifIndex, slot: take(table, ifIndex).slot });
    assert.equal(new Set(attached.map(({ slot }) => slot.index)).size, attached.length);
  }
});
