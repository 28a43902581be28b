// The counters of this machine against tools that read them with code of their own. Counters only rise, so what a tool
// says must lie between one reading before it and one after. A tool that is not there is no reason to fail.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostCounters } from '@tcxflow/schemas/generated.ts';
import { readHostCounters } from './host-counters.ts';

const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC', NSTAT_HISTORY: '/dev/null' };

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
  assert.equal(status, 0, `${command}: ${stderr}`);
  return stdout;
}

/** Options for a test that needs a tool. */
function needs(command: string): { skip: string | false } {
  const missing = spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0;
  return { skip: missing && `${command} is not installed` };
}

/** What a tool says, and our readings around it. */
function around(command: string, ...args: string[]): { before: HostCounters; after: HostCounters; said: string } {
  const before = readHostCounters();
  const said = run(command, ...args);
  return { before, after: readHostCounters(), said };
}

function within(
  name: string,
  from: number | null | undefined,
  value: number,
  to: number | null | undefined,
  slack = 0,
) {
  assert.ok(from != null && to != null, `${name} is not read`);
  assert.ok(
    from - slack <= value && value <= to + slack,
    `${name}: ${from} <= ${value} <= ${to}, give or take ${slack}`,
  );
}

/** Tries again what other programs can spoil for a moment. */
async function eventually(check: () => void): Promise<void> {
  for (let tries = 20; ; tries--) {
    try {
      check();
      return;
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test('memory and swap are what free -bw says', needs('free'), () =>
  eventually(() => {
    const { before, after, said } = around('free', '-bw');
    const row = (name: string) =>
      (said.split('\n').find((line) => line.startsWith(name)) ?? '').split(/\s+/).map(Number);
    const [, total = -1, , free = -1, shared = -1, buffers = -1, cache = -1] = row('Mem:');
    const [, swapTotal = -1, , swapFree = -1] = row('Swap:');
    const megabytes = (count: number) => count * 2 ** 20;
    for (const { memory } of [before, after]) {
      assert.equal(memory?.totalBytes, total);
      assert.equal(memory?.swapTotalBytes, swapTotal);
      within('free', memory?.freeBytes, free, memory?.freeBytes, megabytes(64));
      within('shared', memory?.sharedBytes, shared, memory?.sharedBytes, megabytes(8));
      within('buffers', memory?.buffersBytes, buffers, memory?.buffersBytes, megabytes(8));
      within('cached', memory?.cachedBytes, cache, memory?.cachedBytes, megabytes(16));
      within('swap', memory?.swapFreeBytes, swapFree, memory?.swapFreeBytes, megabytes(8));
    }
  }),
);

test('CPUs are those that are online', needs('nproc'), () => {
  const cpuNum = readHostCounters().cpu?.cpuNum ?? 0;
  assert.equal(cpuNum, Number(run('getconf', '_NPROCESSORS_ONLN')));
  // Of which this process may be kept from some.
  assert.ok(Number(run('nproc')) <= cpuNum);
  assert.ok(cpuNum <= Number(run('nproc', '--all')));
});

test('uptime and load are what uptime says', needs('uptime'), () => {
  const { before, after, said } = around('uptime');
  const loads = /load average: ([\d.]+), ([\d.]+), ([\d.]+)/.exec(said)?.slice(1).map(Number);
  const readings = [before, after].map(({ cpu }) => [cpu?.loadOne, cpu?.loadFive, cpu?.loadFifteen]);
  assert.ok(
    readings.some((reading) => JSON.stringify(reading) === JSON.stringify(loads)),
    `${said} ${readings}`,
  );
  const since = Date.parse(`${run('uptime', '-s').trim().replace(' ', 'T')}Z`);
  within('uptime', after.cpu?.uptimeSeconds, (Date.now() - since) / 1000, after.cpu?.uptimeSeconds, 3);
  within(
    'uptime',
    before.cpu?.uptimeSeconds,
    Number.parseFloat(readFileSync('/proc/uptime', 'utf8')),
    after.cpu?.uptimeSeconds,
    1,
  );
});

test('CPU times, interrupts, context switches and paging are what vmstat -s says', needs('vmstat'), () => {
  const { before, after, said } = around('vmstat', '-s');
  const value = (label: string) =>
    Number(
      said
        .split('\n')
        .find((line) => line.endsWith(` ${label}`))
        ?.trim()
        .split(' ')[0],
    );
  // Idle and waiting CPUs are counted when they are looked at, and may be set back.
  for (const [label, field, slackMs] of [
    ['nice user cpu ticks', 'niceMs', 0],
    ['system cpu ticks', 'systemMs', 0],
    ['idle cpu ticks', 'idleMs', 200],
    ['IO-wait cpu ticks', 'wioMs', 200],
    ['IRQ cpu ticks', 'intrMs', 0],
    ['softirq cpu ticks', 'sintrMs', 0],
    ['stolen cpu ticks', 'stealMs', 0],
  ] as const)
    within(label, before.cpu?.[field], value(label) * 10, after.cpu?.[field], slackMs);
  // vmstat takes guests out of user time.
  const userMs = (value('non-nice user cpu ticks') + value('non-nice guest cpu ticks')) * 10;
  within('user', before.cpu?.userMs, userMs, after.cpu?.userMs);
  within('interrupts', before.cpu?.interrupts, value('interrupts'), after.cpu?.interrupts);
  within('contexts', before.cpu?.contexts, value('CPU context switches'), after.cpu?.contexts);
  for (const [label, field] of [
    ['K paged in', 'pageInKib'],
    ['K paged out', 'pageOutKib'],
    ['pages swapped in', 'swapInPages'],
    ['pages swapped out', 'swapOutPages'],
  ] as const)
    within(label, before.memory?.[field], value(label), after.memory?.[field]);
});

test('the sizes of filesystems are those that df -B1 shows of writable block devices', needs('df'), (context) =>
  eventually(() => {
    const { before, after, said } = around('df', '-B1', '--output=source,size,avail,target');
    const readOnly = new Set(
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => !/ - \S+ \S+ rw/.test(line))
        .map((line) => line.split(' ')[4]),
    );
    const rows = said
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([source = '', , , target]) => /^\/dev\/(?!loop|ram|zram)/.test(source) && !readOnly.has(target));
    if (rows.length === 0) return context.skip('df shows no block device here');
    const sum = (column: number) => rows.reduce((total, row) => total + Number(row[column]), 0);
    assert.equal(after.disk?.totalBytes, sum(1));
    const free = [before.disk?.freeBytes, after.disk?.freeBytes].map(Number);
    within('free', Math.min(...free), sum(2), Math.max(...free), 2 ** 20);
    const fullest = Math.max(...rows.map(([, size, avail]) => 100 * (1 - Number(avail) / Number(size))));
    within('fullest', after.disk?.partMaxUsedPercent, fullest, after.disk?.partMaxUsedPercent, 0.1);
  }),
);

test('the disks are those that lsblk shows on a bus, and their counters those of /sys', needs('lsblk'), () => {
  const before = readHostCounters();
  const { blockdevices } = JSON.parse(run('lsblk', '-dJ', '-o', 'NAME,TYPE,SUBSYSTEMS')) as {
    blockdevices: { name: string; type: string; subsystems: string }[];
  };
  // "block:virtio:pci"; of loop and zram "block" only.
  const disks = blockdevices.filter(({ subsystems }) => subsystems.split(':').length > 1);
  const stats = disks.map(({ name }) =>
    readFileSync(`/sys/block/${name}/stat`, 'utf8').trim().split(/\s+/).map(Number),
  );
  const after = readHostCounters();
  const sum = (column: number) => stats.reduce((total, columns) => total + (columns[column] ?? 0), 0);
  for (const [field, column, factor] of [
    ['reads', 0, 1],
    ['readBytes', 2, 512],
    ['readMs', 3, 1],
    ['writes', 4, 1],
    ['writtenBytes', 6, 512],
    ['writeMs', 7, 1],
  ] as const)
    within(field, before.disk?.[field], sum(column) * factor, after.disk?.[field]);
});

test('what is written to a disk is counted', (context) => {
  const magic = statfsSync(tmpdir()).type;
  if (magic !== 0xef53 && magic !== 0x58465342) return context.skip(`${tmpdir()} is not on ext4 or XFS`);
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-disk-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const size = 32 * 2 ** 20;
  const before = readHostCounters().disk?.writtenBytes ?? 0;
  const file = openSync(join(folder, 'data'), 'w');
  writeSync(file, Buffer.alloc(size, 1));
  fsyncSync(file);
  closeSync(file);
  const written = (readHostCounters().disk?.writtenBytes ?? 0) - before;
  assert.ok(written >= size, `${written} of ${size} bytes`); // and what others write
});

test('network counters are the sums of ip -s link over interfaces without a kind that are up', needs('ip'), () => {
  const { before, after, said } = around('ip', '-s', '-d', '-j', 'link', 'show');
  type Direction = { bytes: number; packets: number; errors: number };
  const links = (
    JSON.parse(said) as {
      flags: string[];
      link_type: string;
      linkinfo?: { info_kind?: string };
      stats64: { rx: Direction; tx: Direction };
    }[]
  ).filter(
    ({ flags, link_type, linkinfo }) => flags.includes('UP') && link_type !== 'loopback' && !linkinfo?.info_kind,
  );
  for (const [direction, prefix] of [
    ['rx', 'in'],
    ['tx', 'out'],
  ] as const)
    for (const [counter, suffix] of [
      ['bytes', 'Bytes'],
      ['packets', 'Packets'],
      ['errors', 'Errors'],
    ] as const) {
      const value = links.reduce((total, { stats64 }) => total + stats64[direction][counter], 0);
      within(
        `${direction} ${counter}`,
        before.network?.[`${prefix}${suffix}`],
        value,
        after.network?.[`${prefix}${suffix}`],
      );
    }
});

test('the groups of MIB-II are what nstat -asz says, field by field', needs('nstat'), () => {
  const { before, after, said } = around('nstat', '-asz');
  const values = new Map(said.split('\n').map((line) => line.split(/\s+/) as [string, string]));
  let compared = 0;
  for (const [group, prefix] of [
    ['ip', 'Ip'],
    ['icmp', 'Icmp'],
    ['tcp', 'Tcp'],
    ['udp', 'Udp'],
  ] as const) {
    const [from, to] = [{ ...before[group] }, { ...after[group] }] as Record<string, number | null>[];
    for (const field of Object.keys({ ...from })) {
      const name = prefix + (field[0] as string).toUpperCase() + field.slice(1).replace('ParamProbs', 'ParmProbs');
      // nstat leaves out what is no counter: forwarding, TTL, RTO, connections.
      if (!values.has(name)) continue;
      within(name, from?.[field], Number(values.get(name)), to?.[field]);
      compared++;
    }
  }
  assert.ok(compared >= 17 + 25 + 9 + 7, `${compared} fields compared`);
});

test('connections and retransmissions are what netstat -s says', needs('netstat'), () =>
  eventually(() => {
    const { before, after, said } = around('netstat', '-s');
    const value = (label: RegExp) => Number(label.exec(said)?.[1]);
    assert.equal(after.tcp?.currEstab, value(/(\d+) connections established/));
    assert.equal(after.ip?.forwarding, value(/Forwarding: (\d)/));
    for (const [field, label] of [
      ['activeOpens', /(\d+) active connection openings/],
      ['passiveOpens', /(\d+) passive connection openings/],
      ['attemptFails', /(\d+) failed connection attempts/],
      ['inSegs', /(\d+) segments received/],
      ['outSegs', /(\d+) segments sent out/],
      ['retransSegs', /(\d+) segments retransmitted/],
      ['outRsts', /(\d+) resets sent/],
    ] as const)
      within(field, before.tcp?.[field], value(label), after.tcp?.[field]);
  }),
);
