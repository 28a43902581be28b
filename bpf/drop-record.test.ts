import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  DROP_CORE_REASONS,
  DROP_HEADER_MAX,
  DROP_L3,
  DROP_NAME_BYTES,
  DROP_SLOTS,
  DROP_SUBSYSTEM_REASONS,
  DROP_SUBSYSTEMS,
  DROP_VLAN,
  DropConfig,
  DropCounters,
  DropRecord,
  forEachDrop,
  reasonOfSlot,
  slotOfReason,
} from './drop-record.ts';

const constants = {
  DROP_VLAN,
  DROP_L3,
  DROP_HEADER_MAX,
  DROP_NAME_BYTES,
  DROP_CORE_REASONS,
  DROP_SUBSYSTEMS,
  DROP_SUBSYSTEM_REASONS,
  DROP_SLOTS,
};

const installed = spawnSync('cc', ['--version']).status === 0;
// Where CI is true, a missing compiler is a failure and not a reason to look away.
const skip = installed || process.env.CI === 'true' ? false : 'cc is not installed';

test('every field, size and constant is what the C compiler makes of drops.h', { skip }, () => {
  const structs = { drop_record: DropRecord, drop_config: DropConfig, drop_counters: DropCounters };
  const expected: [expression: string, value: number][] = Object.entries(structs).flatMap(([struct, layout]) =>
    Object.entries(layout).map(([field, offset]): [string, number] =>
      field === 'SIZE'
        ? [`sizeof(struct ${struct})`, offset]
        : [`offsetof(struct ${struct}, ${field.toLowerCase()})`, offset],
    ),
  );
  expected.push(...Object.entries(constants));
  assert.deepEqual(
    evaluate(expected.map(([expression]) => expression)),
    expected.map(([, value]) => value),
  );
});

test('a reason has the slot that it comes back from, and what has none is in slot 0', () => {
  for (let slot = 1; slot < DROP_SLOTS; slot++) assert.equal(slotOfReason(reasonOfSlot(slot)), slot);
  assert.equal(slotOfReason(3), 3);
  assert.equal(slotOfReason(0x3_0005), 256 + 2 * 64 + 5);
  for (const reason of [0, 256, 0xffff, 0x1_0040, 0x5_0001, 0xffff_ffff]) assert.equal(slotOfReason(reason), 0);
});

test('of a batch that is cut short, whole records are visited', () => {
  const batch = Buffer.alloc(3 * DropRecord.SIZE);
  for (let length = 0; length <= batch.length; length += 16) {
    const starts: number[] = [];
    forEachDrop(batch.subarray(0, length), (start) => starts.push(start));
    assert.deepEqual(starts, [0, 192, 384].slice(0, Math.floor(length / DropRecord.SIZE)));
  }
});

/** Compiles and runs a program that prints these C expressions. */
function evaluate(expressions: string[]): number[] {
  const prints = expressions.map((expression) => `printf("%lu\\n", (unsigned long)(${expression}));`).join('\n');
  const source = `#include <stddef.h>\n#include <stdio.h>\n#include "drops.h"\nint main(void) { ${prints} }\n`;
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-drops-'));
  try {
    const program = join(folder, 'layout');
    execFileSync('cc', ['-Wall', '-Werror', '-x', 'c', '-', '-o', program, '-I', import.meta.dirname], {
      input: source,
    });
    return execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
