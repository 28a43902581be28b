import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disksByName, parseDiskIo, readDisk, sumFilesystems } from './disk.ts';
import { COUNTER_MAX } from './proc-text.ts';
import { mangled, throughCodec } from './testing/hostile.ts';
import { DISKSTATS, MOUNTINFO } from './testing/texts.ts';
import { makeTree } from './testing/tree.ts';

const NO_SIZES = { totalBytes: null, freeBytes: null, partMaxUsedPercent: null };
const NO_IO = { reads: null, readBytes: null, readMs: null, writes: null, writtenBytes: null, writeMs: null };

/** Every device of a server: reads, sectors and so on are powers of ten of its own, so that a sum shows its parts. */
const SERVER = `   8       0 sda 1 0 10 1 1 0 10 1 0 1 2
   8       1 sda1 1 0 10 1 1 0 10 1 0 1 2
   8      16 sdb 10 0 100 10 10 0 100 10 0 10 20
   8      17 sdb1 10 0 100 10 10 0 100 10 0 10 20
  65     160 sdaa 100 0 1000 100 100 0 1000 100 0 100 200
 259       0 nvme0n1 1000 0 10000 1000 1000 0 10000 1000 0 1000 2000
 259       1 nvme0n1p1 1000 0 10000 1000 1000 0 10000 1000 0 1000 2000
   0       0 nvme0c0n1 1000 0 10000 1000 1000 0 10000 1000 0 1000 2000
 179       0 mmcblk0 10000 0 100000 10000 10000 0 100000 10000 0 10000 20000
 179       2 mmcblk0p2 10000 0 100000 10000 10000 0 100000 10000 0 10000 20000
   9     127 md127 5 0 5 5 5 0 5 5 0 5 5
 253       0 dm-0 5 0 5 5 5 0 5 5 0 5 5
   7       3 loop3 5 0 5 5 5 0 5 5 0 5 5
   1       0 ram0 5 0 5 5 5 0 5 5 0 5 5
 252       0 zram0 5 0 5 5 5 0 5 5 0 5 5
  43       0 nbd0 5 0 5 5 5 0 5 5 0 5 5
 104       0 cciss/c0d0 100000 0 1000000 100000 100000 0 1000000 100000 0 100000 200000
 202       1 xvda1 1000000 0 10000000 1000000 1000000 0 10000000 1000000 0 1000000 2000000
`;
const SERVER_DISKS = ['sda', 'sdb', 'sdaa', 'nvme0n1', 'mmcblk0', 'cciss/c0d0', 'xvda1'];
const SERVER_IO = {
  reads: 1_111_111,
  readBytes: 11_111_110 * 512,
  readMs: 1_111_111,
  writes: 1_111_111,
  writtenBytes: 11_111_110 * 512,
  writeMs: 1_111_111,
};

test('reads and writes, their sectors of 512 bytes and their time come from their columns', () => {
  assert.deepEqual(
    parseDiskIo(DISKSTATS, (name) => name === 'vda'),
    {
      reads: 408_027,
      readBytes: 9_746_088_960, // 19035330 sectors
      readMs: 454_505,
      writes: 495_883,
      writtenBytes: 13_399_531_520, // 26170960 sectors
      writeMs: 115_424,
    },
  );
});

test('by their names, partitions and devices on top of others are no disks', () => {
  assert.deepEqual([...disksByName(SERVER)], [...SERVER_DISKS.slice(0, 4), 'nvme0c0n1', ...SERVER_DISKS.slice(4)]);
  assert.deepEqual([...disksByName('8 1 sda1 0 0 0 0 0 0 0 0\n8 0 sda 0 0 0 0 0 0 0 0\n')], ['sda1', 'sda']);
});

test('a disk is what has a device in /sys/block; a path of a disk of several paths is not counted again', (context) => {
  const blocks = [...SERVER_DISKS.map((name) => name.replace('/', '!')), 'nvme0c0n1'];
  const tree = makeTree(context, {
    'proc/diskstats': SERVER,
    ...Object.fromEntries(blocks.map((name) => [`sys/block/${name}/device/model`, 'x\n'])),
    ...Object.fromEntries(['dm-0', 'md127', 'loop3', 'zram0'].map((name) => [`sys/block/${name}/size`, '0\n'])),
  });
  assert.deepEqual(readDisk(`${tree}/proc`, `${tree}/sys`), { ...NO_SIZES, ...SERVER_IO });
});

test('without /sys the names decide, and come to the same', (context) => {
  const tree = makeTree(context, { 'proc/diskstats': SERVER });
  assert.deepEqual(readDisk(`${tree}/proc`, `${tree}/sys`), { ...NO_SIZES, ...SERVER_IO });
});

test('a kernel’s further columns are passed over; a line that has too few, or no numbers, is no device', () => {
  const all = () => true;
  const io = parseDiskIo('8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20\n', all);
  assert.deepEqual(io, { reads: 1, readBytes: 1536, readMs: 4, writes: 5, writtenBytes: 3584, writeMs: 8 });
  const odd = '8 1 sda1 9 9 9 9\n8 16 sdb 9 9 9 9 9 9 x 9\n\n8\n8 32 sdé 1 1 1 1 1 1 1 1\n8 48 sdd 7 7 7 7 7 7 7 7';
  assert.deepEqual(parseDiskIo(odd, all), {
    reads: 1,
    readBytes: 512,
    readMs: 1,
    writes: 1,
    writtenBytes: 512,
    writeMs: 1,
  });
});

test('without a device there is nothing to say; with devices but no disk the sum is zero', () => {
  assert.equal(
    parseDiskIo('', () => true),
    null,
  );
  assert.equal(
    parseDiskIo('8 0 sda 1 2 3\n', () => true),
    null,
  );
  assert.deepEqual(
    parseDiskIo(DISKSTATS, () => false),
    { ...NO_IO, ...Object.fromEntries(Object.keys(NO_IO).map((key) => [key, 0])) },
  );
});

test('huge numbers stop where the schema does', () => {
  const text =
    '8 0 sda 18446744073709551615 0 18446744073709551615 1 9007199254740990 0 17592186044415 1\n8 16 sdb 1 1 1 1 1 1 1 1\n';
  assert.partialDeepStrictEqual(
    parseDiskIo(text, () => true),
    {
      reads: COUNTER_MAX,
      readBytes: COUNTER_MAX,
      writes: COUNTER_MAX,
      writtenBytes: COUNTER_MAX,
    },
  );
});

test('filesystems are added up, and the fullest tells how full one is', () => {
  assert.deepEqual(
    sumFilesystems([
      { totalBytes: 1000, freeBytes: 750 },
      { totalBytes: 400, freeBytes: 10 },
      { totalBytes: 0, freeBytes: 0 },
    ]),
    { totalBytes: 1400, freeBytes: 760, partMaxUsedPercent: 97.5 },
  );
  assert.deepEqual(sumFilesystems([]), NO_SIZES);
  assert.deepEqual(sumFilesystems([{ totalBytes: 0, freeBytes: 0 }]), NO_SIZES);
  assert.equal(sumFilesystems([{ totalBytes: 2 ** 60, freeBytes: 0 }]).totalBytes, COUNTER_MAX);
});

test('one half may be missing; without both there is no record', (context) => {
  const missing = makeTree(context, { 'proc/uptime': '1 1\n' });
  assert.equal(readDisk(`${missing}/proc`, `${missing}/sys`), null);
  const empty = makeTree(context, { 'proc/diskstats': '', 'proc/self/mountinfo': '' });
  assert.equal(readDisk(`${empty}/proc`, `${empty}/sys`), null);
});

test('cut and mangled files never throw, and what is read of them fits the schema', () => {
  for (const text of [DISKSTATS, SERVER])
    for (const broken of mangled(text)) {
      const disks = disksByName(broken);
      throughCodec({ disk: { ...NO_SIZES, ...(parseDiskIo(broken, (name) => disks.has(name)) ?? NO_IO) } });
    }
});

test('a mangled list of mounts never throws, whatever it leads to', (context) => {
  const tree = makeTree(context, { 'proc/diskstats': DISKSTATS });
  const texts = [...mangled(MOUNTINFO)];
  for (const mountinfo of texts.filter((_, index) => index % 10 === 0)) {
    const { proc, sys } = { proc: makeTree(context, { 'self/mountinfo': mountinfo }), sys: tree };
    const disk = readDisk(proc, sys);
    throughCodec({ disk });
  }
});
