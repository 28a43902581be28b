import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostCounters } from '@tcxflow/schemas/generated.ts';
import { HOST_RECORDS } from './host-records.ts';
import { HOST_SLOTS, hasHostSlot, MAX_HOST_SAMPLE_BYTES, writeHostSample } from './host-sample.ts';
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

/** The samples of a poll: sequence, tag and body of each. */
function written(host: HostCounters, adapters: { ifIndex: number; mac: Buffer }[] = []) {
  const sample = { sequence: 5, host, adapters };
  const records: [number, Buffer][] = [];
  const sequences: number[] = [];
  const sizes: number[] = [];
  for (let slot = 0; slot < HOST_SLOTS; slot++) {
    if (!hasHostSlot(sample, slot)) continue;
    const sink = new Sink(Buffer.alloc(2000, 0xee));
    writeHostSample(sink, sample, slot);
    assert.equal(sink.overflow, false);
    const bytes = sink.buffer.subarray(0, sink.offset);
    assert.deepEqual(
      [0, 4, 12, 16, 20, 28].map((at) => bytes.readUInt32BE(at)),
      [4, bytes.length - 8, 2, 1, 1, bytes.length - 32], // an expanded counters sample of source 2:1, one record
    );
    sequences.push(bytes.readUInt32BE(8));
    records.push([bytes.readUInt32BE(24), bytes.subarray(32)]);
    sizes.push(bytes.length);
  }
  return { records, sequences, sizes };
}

describe('sample of a machine', () => {
  it('has every structure in its size, numbered without gaps', () => {
    const description = { hostname: 'a', uuid: null, machineType: 3, osName: 2, osRelease: 'b' };
    const { records, sequences } = written({ ...hostOf(1), description });
    assert.deepEqual(
      sequences,
      Array.from({ length: 10 }, (_, slot) => 41 + slot),
    );
    assert.deepEqual(Object.fromEntries(records.map(([tag, body]) => [tag, body.length])), {
      ...SIZES,
      ...{ 2000: 40, 2001: 4 },
    });
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
    assert.equal(Math.max(...written({ ...hostOf(1), description }, adapters).sizes), MAX_HOST_SAMPLE_BYTES);
  });
});
