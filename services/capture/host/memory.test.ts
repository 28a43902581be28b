import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMemory } from './memory.ts';
import { COUNTER_MAX } from './proc-text.ts';
import { mangled, throughCodec } from './testing/hostile.ts';
import { MEMINFO, VMSTAT } from './testing/texts.ts';

test('kB are 1024 bytes; what can be had back is cached; Shmem is shared', () => {
  assert.deepEqual(parseMemory(MEMINFO, VMSTAT), {
    totalBytes: 25_276_502_016,
    freeBytes: 24_488_636_416,
    sharedBytes: 17_293_312,
    buffersBytes: 9_695_232,
    cachedBytes: 514_322_432, // (120892 + 381376) kB
    swapTotalBytes: 2_147_479_552,
    swapFreeBytes: 2_147_475_456,
    pageInKib: 9_517_665,
    pageOutKib: 13_085_480,
    swapInPages: 12,
    swapOutPages: 345,
  });
});

test('a kernel without SReclaimable has its Cached alone', () => {
  assert.equal(parseMemory('MemTotal: 4 kB\nMemFree: 2 kB\nCached: 3 kB\n', '')?.cachedBytes, 3072);
});

test('what is missing is unknown', () => {
  assert.deepEqual(parseMemory('MemTotal: 4 kB\nMemFree: 0 kB\n', undefined), {
    totalBytes: 4096,
    freeBytes: 0,
    sharedBytes: null,
    buffersBytes: null,
    cachedBytes: null,
    swapTotalBytes: null,
    swapFreeBytes: null,
    pageInKib: null,
    pageOutKib: null,
    swapInPages: null,
    swapOutPages: null,
  });
});

test('without total or free memory there is no record', () => {
  for (const meminfo of [
    undefined,
    '',
    'MemTotal: 4 kB\n',
    'MemFree: 4 kB\n',
    'MemTotal: 4 kB\nMemFree: 2 kB',
    'MemTotal: lots\nMemFree: 2 kB\n',
  ])
    assert.equal(parseMemory(meminfo, VMSTAT), null, meminfo);
});

test('the order of lines, extra words and names that only begin alike do not matter', () => {
  const meminfo =
    'CachedÜ: 9 kB\nSwapCached: 9 kB\nMemFree: 2 kB extra\nCached: 1 kB\nMemTotalX: 9 kB\nMemTotal: 4 kB\n';
  assert.partialDeepStrictEqual(parseMemory(meminfo, 'pgpginx 7\npgpgin 8 9\n'), {
    totalBytes: 4096,
    freeBytes: 2048,
    cachedBytes: 1024,
    pageInKib: 8,
  });
});

test('huge numbers stop where the schema does', () => {
  const meminfo =
    'MemTotal: 18446744073709551615 kB\nMemFree: 8796093022207 kB\nCached: 8796093022207 kB\nSReclaimable: 8796093022207 kB\n';
  assert.partialDeepStrictEqual(parseMemory(meminfo, 'pgpgin 18446744073709551615\n'), {
    totalBytes: COUNTER_MAX,
    freeBytes: 9_007_199_254_739_968,
    cachedBytes: COUNTER_MAX,
    pageInKib: COUNTER_MAX,
  });
});

test('cut and mangled files never throw, and what is read of them fits the schema', () => {
  for (const meminfo of mangled(MEMINFO)) throughCodec({ memory: parseMemory(meminfo, VMSTAT) });
  for (const vmstat of mangled(VMSTAT)) throughCodec({ memory: parseMemory(MEMINFO, vmstat) });
});
