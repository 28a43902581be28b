import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostCounters } from '@tcxflow/schemas/generated.ts';
import { HOST_RECORDS } from './host-records.ts';
import { MAX_HOST_SAMPLE_BYTES, writeHostSample } from './host-sample.ts';
import { Sink } from './xdr-sink.ts';

/** Bytes of each structure: sFlow Host Structures, sFlow Host TCP/IP Counters. */
const SIZES: Record<number, number> = {
  ...{ 2003: 80, 2004: 72, 2005: 52, 2006: 40, 2007: 76, 2008: 100, 2009: 60, 2010: 28 },
};

const nothing: HostCounters = {
  ...{
    description: null,
    cpu: null,
    memory: null,
    disk: null,
    network: null,
    ip: null,
    icmp: null,
    tcp: null,
    udp: null,
  },
};

/** Every field of every group is `value`. */
function hostOf(value: number | null): HostCounters {
  const groups = HOST_RECORDS.map(({ group, fields }) => [
    group,
    Object.fromEntries(fields.map(([, name]) => [name, value])),
  ]);
  return { ...nothing, ...Object.fromEntries(groups) } as HostCounters;
}

function written(host: HostCounters, adapters: { ifIndex: number; mac: Buffer }[] = []) {
  const sink = new Sink(Buffer.alloc(2000, 0xee));
  writeHostSample(sink, { sequence: 5, host, adapters });
  assert.equal(sink.overflow, false);
  const bytes = sink.buffer.subarray(0, sink.offset);
  const records: [number, Buffer][] = [];
  for (let at = 24; at < bytes.length; at += 8 + bytes.readUInt32BE(at + 4))
    records.push([bytes.readUInt32BE(at), bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at + 4))]);
  return { bytes, records };
}

describe('sample of a machine', () => {
  it('is an expanded counters sample of source 2:1', () => {
    const { bytes } = written(nothing);
    assert.equal(bytes.toString('hex'), '000000040000001000000005000000020000000100000000');
  });

  it('has every structure in its size', () => {
    const { bytes, records } = written(hostOf(1));
    assert.equal(bytes.readUInt32BE(20), 8);
    assert.deepEqual(Object.fromEntries(records.map(([tag, body]) => [tag, body.length])), SIZES);
  });

  it('says -1, 0 or all ones for what is unknown', () => {
    const byTag = Object.fromEntries(written(hostOf(null)).records);
    assert.deepEqual(
      [0, 4, 8].map((at) => byTag[2003]!.readFloatBE(at)),
      [-1, -1, -1],
    );
    assert.equal(byTag[2003]!.readUInt32BE(12), 0); // proc_run
    assert.equal(byTag[2003]!.readUInt32BE(32), 0xffffffff); // cpu_user
    assert.equal(byTag[2004]!.readBigUInt64BE(16), 0n); // mem_shared
    assert.equal(byTag[2005]!.readInt32BE(16), -1); // part_max_used
    assert.equal(byTag[2005]!.readBigUInt64BE(24), 0xffffffffffffffffn); // bytes_read
  });

  it('writes floats, hundredths, 64-bit counters and the low 32 bits of what wraps', () => {
    const cpu = { ...hostOf(0).cpu!, loadOne: 1.5, contexts: 2 ** 40 + 7 };
    const disk = { ...hostOf(0).disk!, partMaxUsedPercent: 12.34, readBytes: 2 ** 40 + 1 };
    const byTag = Object.fromEntries(written({ ...nothing, cpu, disk }).records);
    assert.equal(byTag[2003]!.readFloatBE(0), 1.5);
    assert.equal(byTag[2003]!.readUInt32BE(64), 7);
    assert.equal(byTag[2005]!.readInt32BE(16), 1234);
    assert.equal(byTag[2005]!.readBigUInt64BE(24), 2n ** 40n + 1n);
  });

  it('writes host name, UUID, system and adapters', () => {
    const description = {
      hostname: 'box-1',
      uuid: Buffer.alloc(16, 0xab),
      machineType: 3,
      osName: 2,
      osRelease: '6.12',
    };
    const { records } = written({ ...nothing, description }, [{ ifIndex: 2, mac: Buffer.from('020000000001', 'hex') }]);
    assert.deepEqual(
      records.map(([tag, body]) => [tag, body.toString('hex')]),
      [
        [2000, `00000005626f782d31000000${'ab'.repeat(16)}000000030000000200000004362e3132`],
        [2001, '0000000100000002000000010200000000010000'],
      ],
    );
  });

  it('is never larger than the bound that builders reckon with', () => {
    const description = { hostname: 'h'.repeat(99), uuid: null, machineType: 3, osName: 2, osRelease: 'r'.repeat(99) };
    const adapters = Array.from({ length: 99 }, (_, ifIndex) => ({ ifIndex, mac: Buffer.alloc(6, 1) }));
    assert.equal(written({ ...hostOf(1), description }, adapters).bytes.length, MAX_HOST_SAMPLE_BYTES);
  });
});
