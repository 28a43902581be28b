import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCpu, readCpu } from './cpu.ts';
import { COUNTER_MAX } from './proc-text.ts';
import { mangled, throughCodec } from './testing/hostile.ts';
import { CPUINFO, LOADAVG, STAT, UPTIME } from './testing/texts.ts';
import { makeTree } from './testing/tree.ts';

const texts = { stat: STAT, loadavg: LOADAVG, uptime: UPTIME, cpuinfo: CPUINFO };

test('every field comes from its place, and jiffies are ten milliseconds', () => {
  assert.deepEqual(parseCpu(texts), {
    loadOne: 0.04,
    loadFive: 0.33,
    loadFifteen: 0.87,
    procRun: 1, // two, one of which reads
    procTotal: 93,
    cpuNum: 2,
    speedMhz: 2596,
    uptimeSeconds: 3231,
    userMs: 1_546_410,
    niceMs: 0,
    systemMs: 340_560,
    idleMs: 4_475_060,
    wioMs: 19_720,
    intrMs: 0,
    sintrMs: 14_540,
    interrupts: 6_558_800,
    contexts: 15_298_124,
    stealMs: 890,
    guestMs: 0,
    guestNiceMs: 0,
  });
});

test('guests are in their own fields and stay in user and nice, as the kernel counts them', () => {
  const cpu = parseCpu({ ...texts, stat: 'cpu  1000 200 3 4 5 6 7 8 400 50\n' });
  assert.partialDeepStrictEqual(cpu, { userMs: 10_000, niceMs: 2000, intrMs: 60, guestMs: 4000, guestNiceMs: 500 });
});

test('what an old kernel does not have is unknown, and columns to come are passed over', () => {
  assert.partialDeepStrictEqual(parseCpu({ ...texts, stat: 'cpu  1 2 3 4\n' }), {
    idleMs: 40,
    wioMs: null,
    sintrMs: null,
    stealMs: null,
    guestNiceMs: null,
    cpuNum: null,
    interrupts: null,
    contexts: null,
  });
  assert.deepEqual(parseCpu({ ...texts, stat: STAT.replace('89 0 0\n', '89 0 0 77 88\n') }), parseCpu(texts));
});

test('CPUs that are offline leave a gap in the numbers and are not counted', () => {
  const stat = 'cpu  1 1 1 1\ncpu0 1 1 1 1\ncpu3 1 1 1 1\ncpu17 1 1 1 1\ncpufreq 9\n';
  assert.equal(parseCpu({ ...texts, stat })?.cpuNum, 3);
});

test('without the line of all CPUs there is no record', () => {
  for (const stat of [
    undefined,
    '',
    'cpu0 1 2 3 4\n',
    'cpu  1 2 3\n',
    'cpu  1 2 x 4\n',
    'cpu  1 2 3 4',
    'intr 5\nctxt 6\n',
  ])
    assert.equal(parseCpu({ ...texts, stat }), null, stat);
});

test('each of the other files may be missing', () => {
  const { loadOne, procRun, procTotal, uptimeSeconds, speedMhz } =
    parseCpu({ stat: STAT, loadavg: undefined, uptime: undefined, cpuinfo: undefined }) ?? {};
  assert.deepEqual([loadOne, procRun, procTotal, uptimeSeconds, speedMhz], [null, null, null, null, null]);
});

test('nobody runs but the reader: none, also where a container’s file says so already', () => {
  const running = (loadavg: string) => parseCpu({ ...texts, loadavg })?.procRun;
  assert.deepEqual([running('0.00 0.00 0.00 1/93 7\n'), running('0.00 0.00 0.00 0/0 7\n')], [0, 0]);
  assert.equal(running('0.00 0.00 0.00 193 7\n'), 192);
  assert.equal(parseCpu({ ...texts, loadavg: '0.00 0.00 0.00 193 7\n' })?.procTotal, null);
});

test('an ARM has no MHz', () => {
  const cpuinfo = 'processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n\n';
  assert.equal(parseCpu({ ...texts, cpuinfo })?.speedMhz, null);
});

test('many CPUs for many years do not overflow', () => {
  const stat = 'cpu  18446744073709551615 900719925474099 1 1 1 1 1 1 1 1\nctxt 99999999999999999999\n';
  assert.partialDeepStrictEqual(parseCpu({ ...texts, stat }), {
    userMs: COUNTER_MAX,
    niceMs: 9_007_199_254_740_990,
    contexts: COUNTER_MAX,
  });
});

test('cut and mangled files never throw, and what is read of them fits the schema', () => {
  for (const [name, text] of Object.entries(texts))
    for (const broken of mangled(text)) throughCodec({ cpu: parseCpu({ ...texts, [name]: broken }) });
});

test('of /proc/cpuinfo only the start is read', (context) => {
  const long = `${'x'.repeat(100)}\n`.repeat(50);
  const files = { stat: STAT, loadavg: LOADAVG, uptime: UPTIME };
  assert.equal(readCpu(makeTree(context, { ...files, cpuinfo: `${CPUINFO}${long}` }))?.speedMhz, 2596);
  assert.equal(readCpu(makeTree(context, { ...files, cpuinfo: `${long}${CPUINFO}` }))?.speedMhz, null);
  assert.equal(readCpu(makeTree(context, files))?.speedMhz, null);
});
