import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  appendNumbers,
  everything,
  killSpool,
  makeFolder,
  numbers,
  numbersOf,
  openTestSpool,
  RECORD_BYTES,
  record,
  segmentFiles,
} from './testing.ts';

test('a record comes back as it was put in, with the time of that', (t) => {
  const spool = openTestSpool(makeFolder(t), {
    now: () => 1_790_000_000_123,
    maxBytes: 1 << 20,
    segmentBytes: 1 << 18,
  });
  const records = [
    { topic: 'samples', key: 'host-1', value: Buffer.from([0, 255, 1]), samples: 0xffff_ffff },
    { topic: 'zähler', key: '', value: Buffer.alloc(0), samples: 0 },
    { topic: '', key: 'k'.repeat(0xffff), value: Buffer.alloc(100_000, 7), samples: 3 },
  ];
  for (const one of records) spool.append(one);
  assert.deepEqual(
    everything(spool),
    records.map((one) => ({ ...one, storedAtMs: 1_790_000_000_123 })),
  );
  assert.equal(spool.samples, 0xffff_ffff + 3);
  assert.equal(spool.oldestMs(), 1_790_000_000_123);
  assert.deepEqual(spool.lost(), {});
});

test('order is kept over segments and restarts, and what is acknowledged does not come again', (t) => {
  const folder = makeFolder(t);
  const seen: number[] = [];
  for (const [run, end] of (['close', 'kill', 'close', 'kill', 'close'] as const).entries()) {
    const spool = openTestSpool(folder);
    appendNumbers(spool, run * 25 + 1, run * 25 + 25);
    const taken = numbersOf(spool.peek(17 * RECORD_BYTES));
    seen.push(...taken);
    spool.acknowledge(taken.length);
    assert.equal(spool.records, (run + 1) * 8);
    assert.deepEqual(spool.lost(), {});
    if (end === 'close') spool.close();
    else killSpool(folder);
  }
  const spool = openTestSpool(folder);
  seen.push(...numbersOf(everything(spool)));
  assert.deepEqual(seen, numbers(1, 125));
});

test('peek returns what fits, at least one, and the same until it is acknowledged', (t) => {
  const folder = makeFolder(t);
  const spool = openTestSpool(folder);
  assert.deepEqual(spool.peek(1000), []);
  appendNumbers(spool, 1, 25);
  assert.deepEqual(numbersOf(spool.peek(1)), [1]);
  assert.deepEqual(numbersOf(spool.peek(3 * RECORD_BYTES - 1)), [1, 2]);
  assert.deepEqual(numbersOf(spool.peek(12 * RECORD_BYTES)), numbers(1, 12));
  spool.acknowledge(0);
  spool.acknowledge(11);
  spool.acknowledge(1);
  assert.deepEqual(numbersOf(everything(spool)), numbers(13, 25));
  assert.throws(() => spool.acknowledge(14), /more acknowledged/);
  spool.close();
  const again = openTestSpool(folder);
  assert.deepEqual(numbersOf(everything(again)), numbers(13, 25), 'peeked and not acknowledged: it comes again');
});

test('an acknowledged segment is removed at once, and nothing stays of a spool that was emptied', (t) => {
  const folder = makeFolder(t);
  const spool = openTestSpool(folder);
  appendNumbers(spool, 1, 25);
  assert.equal(spool.bytes, 25 * RECORD_BYTES);
  const names = ['000000000001.10-55.spool', '000000000002.10-155.spool', '000000000003.spool'];
  assert.deepEqual(segmentFiles(folder), names);
  everything(spool);
  spool.acknowledge(12);
  assert.deepEqual(segmentFiles(folder), names.slice(1));
  assert.deepEqual([spool.records, spool.bytes], [13, 15 * RECORD_BYTES]);
  spool.acknowledge(13);
  assert.deepEqual(segmentFiles(folder), []);
  assert.deepEqual([spool.records, spool.samples, spool.bytes, spool.oldestMs()], [0, 0, 0, undefined]);
  appendNumbers(spool, 26, 27);
  spool.close();
  assert.deepEqual(readdirSync(folder), ['000000000004.2-53.spool', 'position']);
  assert.deepEqual(numbersOf(everything(openTestSpool(folder))), [26, 27]);
});

test('the folder and its files are for the owner alone', (t) => {
  const parent = join(makeFolder(t), 'parent');
  const folder = join(parent, 'spool');
  const spool = openTestSpool(folder);
  appendNumbers(spool, 1, 11);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(parent).mode & 0o777, 0o777 & ~process.umask(), 'others may have folders beside it');
  const names = readdirSync(folder);
  assert.equal(names.length, 4, 'two segments, position, lock');
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
});

test('above the bytes allowed the oldest segments go first, and are counted', (t) => {
  const folder = makeFolder(t);
  const spool = openTestSpool(folder, { maxBytes: 40 * RECORD_BYTES });
  appendNumbers(spool, 1, 40);
  spool.peek(3 * RECORD_BYTES);
  spool.acknowledge(3);
  assert.deepEqual(spool.lost(), {});
  spool.append(record(41));
  assert.deepEqual(spool.lost(), { spool_full: { records: 7, samples: 4 + 5 + 6 + 7 + 8 + 9 + 10 } });
  appendNumbers(spool, 42, 71);
  assert.equal(spool.lost().spool_full?.records, 37, 'four segments of ten, but for three that were acknowledged');
  assert.deepEqual([spool.records, spool.bytes], [31, 31 * RECORD_BYTES]);
  spool.close();
  const smaller = openTestSpool(folder, { maxBytes: 15 * RECORD_BYTES });
  assert.deepEqual(numbersOf(everything(smaller)), numbers(61, 71), 'allowed less than before');
  assert.equal(smaller.lost().spool_full?.records, 20);
});

test('making room costs a quarter of the spool at most, however large segments may be', (t) => {
  const spool = openTestSpool(makeFolder(t), { maxBytes: 40 * RECORD_BYTES, segmentBytes: 1 << 20 });
  appendNumbers(spool, 1, 41);
  assert.equal(spool.lost().spool_full?.records, 10);
});

test('a record larger than a segment is given up, and nothing else for it', (t) => {
  const spool = openTestSpool(makeFolder(t), { maxBytes: 40 * RECORD_BYTES });
  appendNumbers(spool, 1, 40);
  spool.append({ ...record(41), value: Buffer.alloc(10 * RECORD_BYTES) });
  assert.deepEqual(spool.lost(), { spool_full: { records: 1, samples: 41 } });
  assert.equal(spool.records, 40);
});

test('what is too old is given up record by record, on append and on peek, and only once', (t) => {
  const folder = makeFolder(t);
  let now = 1000;
  const options = { now: () => now, maxAgeMs: 100 };
  const spool = openTestSpool(folder, options);
  for (now = 1001; now <= 1025; now++) spool.append(record(now));
  now = 1105;
  spool.append(record(1105));
  assert.deepEqual(spool.lost(), { spool_expired: { records: 4, samples: 1001 + 1002 + 1003 + 1004 } });
  assert.equal(spool.oldestMs(), 1005);
  now = 1112;
  assert.equal(numbersOf(spool.peek(1))[0], 1012);
  assert.equal(spool.lost().spool_expired?.records, 11);
  spool.close();
  const again = openTestSpool(folder, options);
  assert.deepEqual(numbersOf(everything(again)), [...numbers(1012, 1025), 1105]);
  assert.deepEqual(again.lost(), {});
  now = 1205;
  assert.deepEqual(numbersOf(everything(again)), [1105]);
  now = 5000;
  assert.deepEqual(everything(again), []);
  assert.deepEqual(again.lost(), { spool_expired: { records: 15, samples: 14 * 1018.5 + 1105 } });
});

test('a clock that was set back expires nothing too early', (t) => {
  let now = 2000;
  const spool = openTestSpool(makeFolder(t), { now: () => now, maxAgeMs: 100 });
  spool.append(record(1));
  now = 1000;
  appendNumbers(spool, 2, 15);
  now = 1150;
  assert.equal(everything(spool).length, 15, 'the first is not old: those behind it wait with it');
  spool.acknowledge(1);
  assert.deepEqual(everything(spool), []);
  assert.equal(spool.lost().spool_expired?.records, 14);
});

test('what is given up while Kafka is taking it is lost only if Kafka does not take it', (t) => {
  let now = 1000;
  const spool = openTestSpool(makeFolder(t), { maxBytes: 40 * RECORD_BYTES, now: () => now, maxAgeMs: 100 });
  appendNumbers(spool, 1, 40);
  assert.equal(spool.peek(12 * RECORD_BYTES).length, 12);
  appendNumbers(spool, 41, 51);
  assert.equal(spool.records, 31);
  assert.deepEqual(spool.lost(), { spool_full: { records: 8, samples: 8 * 16.5 } }, '13 to 20; 1 to 12 are in flight');
  spool.acknowledge(11);
  assert.equal(spool.records, 31);
  assert.equal(numbersOf(spool.peek(5 * RECORD_BYTES))[0], 21);
  assert.deepEqual(spool.lost(), { spool_full: { records: 9, samples: 8 * 16.5 + 12 } }, 'the twelfth was not taken');
  now = 1101;
  spool.append(record(52));
  assert.deepEqual(spool.lost().spool_expired, { records: 26, samples: 26 * 38.5 });
  spool.acknowledge(3);
  spool.close();
  spool.acknowledge(2);
  assert.deepEqual(spool.lost().spool_expired, { records: 28, samples: 26 * 38.5 + 24 + 25 });
});
