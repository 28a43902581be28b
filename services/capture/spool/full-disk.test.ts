// A disk that takes no more: a real one of 256 KiB, and a limit of file size, which needs no root.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  everything,
  killSpool,
  makeFolder,
  numberOf,
  numbers,
  numbersOf,
  openTestSpool,
  segmentFiles,
} from './testing.ts';

const skip = process.getuid?.() !== 0 && process.env.CI !== 'true' ? 'needs root to mount a small disk' : false;
const options = { maxBytes: 1 << 20, segmentBytes: 64 << 10 };

function mountSmallDisk(t: TestContext): string {
  const disk = mkdtempSync(join(tmpdir(), 'tcxflow-small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0700', 'tcxflow-test', disk]);
  t.after(() => {
    execFileSync('umount', ['--lazy', disk]); // spools that a test has killed may have files open
    rmdirSync(disk);
  });
  return disk;
}

/** 10 KB, so that a disk of 4 KiB pages becomes full within a record. */
const large = (number: number) => ({
  topic: 'samples',
  key: 'host-1',
  value: Buffer.from(String(number).padEnd(10_000, '.')),
  samples: number,
});

/** Leaves this many bytes free. */
function fill(disk: string, leave: number): string {
  const path = join(disk, 'filler');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(path, Buffer.alloc(bavail * bsize - leave));
  return path;
}

test('a full disk loses the records that came meanwhile, counted; those before are intact, those after it too', {
  skip,
}, (t) => {
  const folder = join(mountSmallDisk(t), 'spool');
  const spool = openTestSpool(folder, options);
  for (let number = 1; number <= 3; number++) spool.append(large(number));
  const filler = fill(join(folder, '..'), 25_000);
  for (let number = 4; number <= 20; number++) spool.append(large(number));
  const taken = numbersOf(everything(spool));
  assert.deepEqual(taken.slice(0, 5), [1, 2, 3, 4, 5]);
  assert.deepEqual(spool.lost(), {
    disk_error: { records: 20 - taken.length, samples: 210 - taken.reduce((sum, number) => sum + number, 0) },
  });
  assert.ok(taken.length < 8, `${taken}`);
  rmSync(filler);
  for (let number = 21; number <= 25; number++) spool.append(large(number));
  const expected = [...taken, ...numbers(21, 25)];
  assert.deepEqual(numbersOf(everything(spool)), expected);
  const onDisk = segmentFiles(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  assert.equal(spool.bytes, onDisk, 'nothing half-written stays');
  killSpool(folder);
  const again = openTestSpool(folder, options);
  assert.deepEqual(numbersOf(everything(again)), expected);
  assert.deepEqual(again.lost(), {});
  again.close();
});

test('on a full disk the spool opens, delivers and remembers what was acknowledged', { skip }, (t) => {
  const folder = join(mountSmallDisk(t), 'spool');
  const before = openTestSpool(folder, options);
  for (let number = 1; number <= 12; number++) before.append(large(number));
  killSpool(folder);
  fill(join(folder, '..'), 0);
  const spool = openTestSpool(folder, options);
  spool.append(large(13));
  assert.equal(spool.lost().disk_error?.records, 1);
  assert.deepEqual(numbersOf(spool.peek(30_500)), [1, 2, 3]);
  spool.acknowledge(3);
  killSpool(folder);
  const again = openTestSpool(folder, options);
  assert.deepEqual(numbersOf(again.peek(30_500)), [4, 5, 6]);
  assert.deepEqual(numbersOf(everything(again)), numbers(4, 12));
  again.acknowledge(9);
  again.append(large(14));
  assert.deepEqual(again.lost(), {}, 'what was delivered made room');
  assert.deepEqual(numbersOf(everything(again)), [14]);
  again.close();
});

test('a spool that is made on a full disk loses records until there is space', { skip }, (t) => {
  const disk = mountSmallDisk(t);
  const filler = fill(disk, 0);
  const folder = join(disk, 'spool');
  const spool = openTestSpool(folder, options);
  spool.append(large(1));
  assert.deepEqual(spool.lost(), { disk_error: { records: 1, samples: 1 } });
  assert.deepEqual(segmentFiles(folder), []);
  rmSync(filler);
  spool.append(large(2));
  assert.deepEqual(numbersOf(spool.peek(1)), [2]);
  spool.acknowledge(1);
  spool.append(large(3));
  killSpool(folder);
  assert.deepEqual(numbersOf(everything(openTestSpool(folder, options))), [3]);
});

test('a file that the disk takes no more of is left behind, and the next one is begun', (t) => {
  const folder = makeFolder(t);
  const script = `
    import { openTestSpool } from '${new URL('./testing.ts', import.meta.url).href}';
    const spool = openTestSpool(process.argv[1], { maxBytes: 1 << 20, segmentBytes: 64 << 10 });
    const value = (bytes, number) => Buffer.from(String(number).padEnd(bytes, '.'));
    for (let number = 1; number <= 9; number++) spool.append({ topic: '', key: '', value: value(3000, number), samples: 1 });
    spool.append({ topic: '', key: '', value: value(20_000, 10), samples: 7 });
    spool.append({ topic: '', key: '', value: value(3000, 11), samples: 1 });
    process.stdout.write(JSON.stringify({ lost: spool.lost(), found: spool.peek(1 << 20).map(({ value }) => parseInt(value)) }));
    process.kill(process.pid, 'SIGKILL');`;
  const run = spawnSync('sh', [
    '-c',
    'ulimit -f 16; exec "$0" "$@"',
    process.execPath,
    '--input-type=module',
    '--eval',
    script,
    folder,
  ]);
  assert.equal(run.signal, 'SIGKILL', String(run.stderr));
  const { lost, found } = JSON.parse(String(run.stdout));
  assert.deepEqual(
    lost,
    { disk_error: { records: 4, samples: 10 } },
    'of 8 KiB a file: every third, and the one of 20 KB',
  );
  const spool = openTestSpool(folder, options);
  assert.deepEqual(spool.peek(1 << 20).map(numberOf), found);
  assert.deepEqual(spool.lost(), {});
  assert.equal(segmentFiles(folder).length, readdirSync(folder).length - 2);
});
