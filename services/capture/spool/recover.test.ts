// Segments as a kill, a power failure or a failing disk may leave them.

import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { pino } from 'pino';
import { readHeader } from './record.ts';
import {
  appendNumbers,
  everything,
  killSpool,
  makeFolder,
  numbers,
  numbersOf,
  openTestSpool,
  RECORD_BYTES,
  segmentFiles,
} from './testing.ts';

// Made by hand from docs/reference/spool-format.md, with Python's struct and zlib.
const FIRST = '54585231000000132ea83704000001a0c4506c7b00000200000700062265a6fc73616d706c6573686f73742d3100ff20616263';
const SECOND = '5458523100000013894677ac000001a0c4506c7c00000003000700067177344c73616d706c6573686f73742d317365636f6e64';
const POSITION = '5458503100000000000000070000003300000001000000000000020052848d4b';

/** Segments of an earlier process: 1 to 25, closed in order, or killed with the last one open. */
function leftBehind(t: TestContext, end: 'closed' | 'killed'): string {
  const folder = makeFolder(t);
  const spool = openTestSpool(folder);
  appendNumbers(spool, 1, 25);
  if (end === 'closed') spool.close();
  else killSpool(folder);
  return folder;
}

function flip(path: string, at: number, mask: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ mask;
  writeFileSync(path, bytes);
}

const sumOf = (from: number, to: number) => ((to - from + 1) * (from + to)) / 2;

test('files are as the format page says', (t) => {
  const folder = makeFolder(t);
  let now = 1_790_000_000_123;
  const options = { now: () => now++, maxBytes: 1000 };
  writeFileSync(join(folder, '000000000007.spool'), Buffer.from(FIRST + SECOND, 'hex'));
  writeFileSync(join(folder, 'position'), Buffer.from(POSITION, 'hex'));
  const key = { topic: 'samples', key: 'host-1' };
  const first = { ...key, value: Buffer.from('\x00\xff abc', 'latin1'), samples: 512 };
  const second = { ...key, value: Buffer.from('second'), samples: 3 };
  const spool = openTestSpool(folder, options);
  assert.deepEqual(everything(spool), [{ ...second, storedAtMs: 1_790_000_000_124 }]);
  spool.acknowledge(1);
  now = 1_790_000_000_123;
  spool.append(first);
  assert.equal(spool.oldestMs(), 1_790_000_000_123);
  now = 1_790_000_000_124;
  spool.append(second);
  const name = '000000000008.spool';
  assert.equal(readFileSync(join(folder, name), 'hex'), FIRST + SECOND);
  spool.peek(1);
  spool.acknowledge(1);
  assert.equal(readFileSync(join(folder, 'position'), 'hex').slice(0, 24), '545850310000000000000008');
  assert.equal(readFileSync(join(folder, 'position'), 'hex').slice(24, 56), POSITION.slice(24, 56));
  spool.close();
  assert.deepEqual(segmentFiles(folder), ['000000000008.2-515.spool']);
});

test('a record cut short at any byte is cut off, said once, and not counted; what was before it is there', (t) => {
  for (let bytes = 0; bytes < RECORD_BYTES; bytes++) {
    const folder = leftBehind(t, 'killed');
    const path = join(folder, '000000000003.spool');
    truncateSync(path, 4 * RECORD_BYTES + bytes);
    const lines: { bytes?: number; msg: string }[] = [];
    const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
    const spool = openTestSpool(folder, { log });
    assert.deepEqual(
      lines.map((line) => line.bytes),
      bytes === 0 ? [] : [bytes],
    );
    assert.deepEqual(numbersOf(everything(spool)), numbers(1, 24));
    assert.deepEqual(spool.lost(), {});
    assert.equal(statSync(join(folder, '000000000003.4-90.spool')).size, 4 * RECORD_BYTES);
    appendNumbers(spool, 26, 27);
    killSpool(folder);
    const again = openTestSpool(folder, { log });
    assert.equal(lines.length, bytes === 0 ? 0 : 1);
    assert.deepEqual(numbersOf(everything(again)), [...numbers(1, 24), 26, 27]);
    again.close();
  }
});

test('a flipped byte anywhere in a closed segment loses what is behind it in that segment, exactly counted, once', (t) => {
  const random = seededRandom(1);
  for (let at = 0; at < 10 * RECORD_BYTES; at++) {
    const folder = leftBehind(t, 'closed');
    flip(join(folder, '000000000002.10-155.spool'), at, 1 + random.below(255));
    const last = 10 + Math.floor(at / RECORD_BYTES);
    const spool = openTestSpool(folder);
    assert.deepEqual(
      spool.lost(),
      { spool_corrupt: { records: 20 - last, samples: sumOf(last + 1, 20) } },
      `byte ${at}`,
    );
    assert.equal(spool.samples, sumOf(1, last) + sumOf(21, 25));
    killSpool(folder);
    const again = openTestSpool(folder);
    assert.deepEqual(again.lost(), {}, `byte ${at}`);
    assert.deepEqual(numbersOf(everything(again)), [...numbers(1, last), ...numbers(21, 25)], `byte ${at}`);
    again.close();
  }
});

test('a flipped byte in a segment that kill -9 left open loses what is behind it, counted as far as can be told', (t) => {
  const random = seededRandom(2);
  for (let at = 0; at < 5 * RECORD_BYTES; at++) {
    const folder = leftBehind(t, 'killed');
    flip(join(folder, '000000000003.spool'), at, 1 + random.below(255));
    const last = 20 + Math.floor(at / RECORD_BYTES);
    const spool = openTestSpool(folder);
    assert.deepEqual(numbersOf(everything(spool)), numbers(1, last), `byte ${at}`);
    const isBody = at % RECORD_BYTES >= 32;
    const expected = isBody ? { records: 25 - last, samples: sumOf(last + 1, 25) } : { records: 1, samples: 0 };
    assert.deepEqual(spool.lost(), { spool_corrupt: expected }, `byte ${at}`);
    spool.close();
  }
});

test('a flipped byte that comes while the spool is open is found when the record is read', (t) => {
  for (const [segment, at] of [
    ['000000000001.10-55.spool', 350],
    ['000000000002.10-155.spool', 5],
    ['000000000003.spool', 210],
  ] as const) {
    const folder = makeFolder(t);
    const spool = openTestSpool(folder);
    appendNumbers(spool, 1, 25);
    spool.peek(2 * RECORD_BYTES);
    spool.acknowledge(2);
    flip(join(folder, segment), at, 0x10);
    const base = (Number.parseInt(segment, 10) - 1) * 10;
    const last = base + Math.floor(at / RECORD_BYTES);
    const kept = [...numbers(3, last), ...numbers(Math.min(base + 10, 25) + 1, 25)];
    assert.deepEqual(numbersOf(everything(spool)), kept, segment);
    const lostRecords = 23 - kept.length;
    assert.equal(spool.lost().spool_corrupt?.records, lostRecords);
    assert.equal(spool.samples + (spool.lost().spool_corrupt?.samples ?? 0), sumOf(3, 25));
    spool.acknowledge(1);
    appendNumbers(spool, 26, 30);
    killSpool(folder);
    const again = openTestSpool(folder);
    assert.deepEqual(numbersOf(everything(again)), [...kept.slice(1), ...numbers(26, 30)]);
    assert.deepEqual(again.lost(), {}, 'counted once');
  }
});

test('what a file lacks of the records in its name is counted, also when it is gone', (t) => {
  const folder = leftBehind(t, 'closed');
  truncateSync(join(folder, '000000000002.10-155.spool'), 3 * RECORD_BYTES);
  truncateSync(join(folder, '000000000003.5-115.spool'), 0);
  const spool = openTestSpool(folder);
  assert.deepEqual(numbersOf(everything(spool)), numbers(1, 13));
  assert.deepEqual(spool.lost(), { spool_corrupt: { records: 12, samples: sumOf(14, 25) } });
  renameSync(join(folder, '000000000001.10-55.spool'), join(folder, 'elsewhere'));
  assert.deepEqual(numbersOf(everything(spool)), numbers(11, 13));
  assert.deepEqual(spool.lost().disk_error, { records: 10, samples: 55 });
});

test('a segment that was being cut when the process ended is not counted again', (t) => {
  const folder = leftBehind(t, 'closed');
  const path = join(folder, '000000000002.10-155.spool');
  flip(path, 450, 1);
  renameSync(path, join(folder, '000000000002.4-50.spool')); // the name goes first
  const spool = openTestSpool(folder);
  assert.deepEqual(numbersOf(everything(spool)), [...numbers(1, 14), ...numbers(21, 25)]);
  assert.deepEqual(spool.lost(), {});
});

test('a damaged position, at any byte or length, repeats one segment at most', (t) => {
  for (let at = 0; at < 64; at++) {
    const folder = makeFolder(t);
    const spool = openTestSpool(folder);
    appendNumbers(spool, 1, 25);
    spool.peek(14 * RECORD_BYTES);
    spool.acknowledge(14);
    killSpool(folder);
    const path = join(folder, 'position');
    if (at < 32) flip(path, at, 0x40);
    else truncateSync(path, at - 32);
    const again = openTestSpool(folder);
    assert.deepEqual(numbersOf(everything(again)), numbers(11, 25));
    assert.deepEqual(again.lost(), {});
    again.close();
  }
});

test('what is acknowledged and could not be removed in time is removed later', (t) => {
  const folder = leftBehind(t, 'closed');
  const path = join(folder, '000000000001.10-55.spool');
  const bytes = readFileSync(path);
  const spool = openTestSpool(folder);
  spool.peek(12 * RECORD_BYTES);
  spool.acknowledge(12);
  spool.close();
  writeFileSync(path, bytes);
  assert.deepEqual(numbersOf(everything(openTestSpool(folder))), numbers(13, 25));
  assert.equal(segmentFiles(folder).length, 2);
});

test('random bytes in every file, and names of other kinds, neither throw nor give a record', (t) => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = seededRandom(seed);
    const folder = makeFolder(t);
    for (const name of ['000000000001.spool', '000000000009.99-12345.spool', 'position', 'x.spool', '1.spool'])
      writeFileSync(join(folder, name), random.bytes(random.below(2000)));
    const spool = openTestSpool(folder);
    assert.deepEqual(everything(spool), [], `seed ${seed}`);
    assert.equal((spool.lost().spool_corrupt?.samples ?? 0) >= 12345, true, `seed ${seed}`);
    appendNumbers(spool, 1, 3);
    spool.close();
    assert.deepEqual(numbersOf(everything(openTestSpool(folder))), [1, 2, 3]);
    assert.ok(readdirSync(folder).includes('x.spool'), 'what is not ours stays');
  }
});

test('a header whose CRC is right and whose lengths are impossible is refused before anything is read', (t) => {
  const folder = makeFolder(t);
  for (const [at, lengths] of [
    [4, 'ffffffff'],
    [4, '04000001'],
    [24, '000e0006'],
    [24, 'ffffffff'],
  ] as const) {
    const record = Buffer.from(FIRST, 'hex');
    record.write(lengths, at, 'hex');
    record.writeUInt32BE(crc32(record.subarray(0, 28)), 28);
    const path = join(folder, 'record');
    writeFileSync(path, record);
    const fd = openSync(path, 'r');
    assert.equal(readHeader(fd, 0, 2 ** 40), 'damaged', lengths);
    closeSync(fd);
  }
});
