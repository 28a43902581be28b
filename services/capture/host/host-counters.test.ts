import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostCounters } from '@tcxflow/schemas/generated.ts';
import { countersCodec } from '@tcxflow/schemas/topics.ts';
import { readHostCounters } from './host-counters.ts';
import { encodeHost, throughCodec } from './testing/hostile.ts';
import * as texts from './testing/texts.ts';
import { makeTree } from './testing/tree.ts';

const FILES = {
  'proc/stat': texts.STAT,
  'proc/loadavg': texts.LOADAVG,
  'proc/uptime': texts.UPTIME,
  'proc/cpuinfo': texts.CPUINFO,
  'proc/meminfo': texts.MEMINFO,
  'proc/vmstat': texts.VMSTAT,
  'proc/diskstats': texts.DISKSTATS,
  'proc/net/dev': texts.NET_DEV,
  'proc/net/snmp': texts.SNMP,
  'proc/sys/kernel/hostname': 'vm\n',
  'proc/sys/kernel/osrelease': '6.18.44-fc-v669\n',
  'sys/block/vda/device/vendor': '0x1af4\n',
  'sys/class/net/eth0/device/vendor': '0x1af4\n',
  'sys/class/net/eth0/flags': '0x1003\n',
  'sys/class/dmi/id/product_uuid': '4C4C4544-0051-3610-8052-B2C04F4E3432\n',
};

const options = (tree: string) => ({
  procfs: `${tree}/proc`,
  sysfs: `${tree}/sys`,
  machineIdFile: `${tree}/etc/machine-id`,
});

/** Without the classes that avsc gives its records. */
function plain(host: HostCounters): unknown {
  return Object.fromEntries(
    Object.entries(host).map(([name, record]) => [name, record === null ? null : { ...record }]),
  );
}

test('all records are there, each from its files', (context) => {
  const host = readHostCounters(options(makeTree(context, FILES)));
  assert.deepEqual(Object.keys(host), Object.keys(throughCodec({})));
  assert.partialDeepStrictEqual(host, {
    description: { hostname: 'vm', uuid: Buffer.from('4c4c4544005136108052b2c04f4e3432', 'hex') },
    cpu: { userMs: 1_546_410, uptimeSeconds: 3231, speedMhz: 2596 },
    memory: { totalBytes: 25_276_502_016, swapInPages: 12 },
    disk: { totalBytes: null, reads: 408_027, writtenBytes: 13_399_531_520 },
    network: { inBytes: 2_439_067_851, outPackets: 39_565 },
    ip: { inReceives: 777_508 },
    icmp: { outDestUnreachs: 238_813 },
    tcp: { maxConn: -1, outRsts: 4282 },
    udp: { noPorts: 238_813 },
  });
});

test('counters with a host come back from the bus as they were sent, with all of it or any part', (context) => {
  const host = readHostCounters(options(makeTree(context, FILES)));
  assert.deepEqual(plain(throughCodec(host)), host);
  for (const name of Object.keys(host) as (keyof HostCounters)[])
    assert.deepEqual(plain(throughCodec({ ...host, [name]: null })), { ...host, [name]: null }, name);
  const now = readHostCounters();
  assert.deepEqual(plain(throughCodec(now)), now);
});

test('counters without a host have null there', (context) => {
  const host = readHostCounters(options(makeTree(context, FILES)));
  const message = encodeHost(null);
  assert.equal(countersCodec.decode(message).host, null);
  assert.ok(encodeHost(host).length > message.length + 100);
});

test('a file that is missing takes its own record with it, and no other', (context) => {
  const all = readHostCounters(options(makeTree(context, FILES)));
  for (const [file, gone] of [
    ['proc/stat', ['cpu']],
    ['proc/meminfo', ['memory']],
    ['proc/diskstats', ['disk']],
    ['proc/net/dev', ['network']],
    ['proc/net/snmp', ['ip', 'icmp', 'tcp', 'udp']],
    ['proc/sys/kernel/hostname', ['description']],
  ] as const) {
    const { [file]: _, ...rest } = FILES;
    const missing = Object.fromEntries(gone.map((name) => [name, null]));
    assert.deepEqual(readHostCounters(options(makeTree(context, rest))), { ...all, ...missing }, file);
    const folder = { ...rest, [`${file}/inside`]: '' };
    assert.deepEqual(
      readHostCounters(options(makeTree(context, folder))),
      { ...all, ...missing },
      `${file} as a folder`,
    );
  }
});

test('where there is nothing at all, all is null', () => {
  for (const path of ['/no/such/place', '', '/dev/null', '/proc/\u0000']) {
    const host = readHostCounters({ procfs: path, sysfs: path, machineIdFile: path });
    assert.deepEqual(new Set(Object.values(host)), new Set([null]), path);
  }
});

test('excluded interfaces are not in the sum', (context) => {
  const tree = options(makeTree(context, FILES));
  const asked: string[] = [];
  const excludedInterfaces = (name: string) => asked.push(name) > 0 && name === 'eth0';
  assert.equal(readHostCounters({ ...tree, excludedInterfaces }).network?.inBytes, 0);
  assert.deepEqual(asked, ['lo', 'ifb0', 'eth0']);
});
