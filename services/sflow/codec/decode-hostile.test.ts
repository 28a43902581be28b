// Bytes that no agent should send: the reader answers with a value, in bounded time, and never throws.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Datagram, type DatagramErrorCode, decodeDatagram } from './decode-datagram.ts';
import { readUdpPcap } from './testing/pcap.ts';
import { sentStream } from './testing/stream.ts';

const CAPTURES = join(import.meta.dirname, '../../../../shared/pcaps/sflow');
const withCaptures = { skip: existsSync(CAPTURES) ? false : `${CAPTURES} is not there` };

/** An IPv4 agent's header by hand, the sample count and whatever follows. */
function datagram(...rest: string[]): Buffer {
  return Buffer.from(['00000005', '00000001', 'c0000201', '00000007', '00000001', '00000002', ...rest].join(''), 'hex');
}

const FLOW_COMPACT = ['00000001', '00000002', '00000200', '00000003', '00000000', '00000004', '00000005'];

function decoded(bytes: Buffer): Datagram {
  const result = decodeDatagram(bytes);
  if (!result.ok) assert.fail(`${result.code} at ${result.offset}`);
  return result;
}

/** More entries than there are bytes for would mean that a count was believed. */
function assertBounded(bytes: Buffer): void {
  const result = decodeDatagram(bytes);
  if (!result.ok) {
    assert.ok(result.offset >= 0 && result.offset <= bytes.length);
    return;
  }
  assert.ok(result.samples.length * 8 <= bytes.length);
  for (const sample of result.samples) {
    if (sample.kind !== 'raw') assert.ok(sample.records.length * 8 <= bytes.length);
  }
}

describe('datagram reader before broken bytes', () => {
  const sent = sentStream(true).map(({ bytes }) => bytes);

  it('refuses every prefix of every datagram of ours', () => {
    for (const bytes of sent) {
      for (let end = 0; end < bytes.length; end++) assert.equal(decodeDatagram(bytes.subarray(0, end)).ok, false);
    }
  });

  it('survives every prefix of captured datagrams', withCaptures, () => {
    for (const file of ['linux-hsflowd-epcap.pcap', 'tcpdump-sflow-print-v6.pcap', 'akvorado-data-1140.pcap']) {
      for (const { payload } of readUdpPcap(join(CAPTURES, file)).slice(0, 6)) {
        for (let end = 0; end <= payload.length; end++) assertBounded(payload.subarray(0, end));
      }
    }
    const mixed = readFileSync(join(CAPTURES, 'telegraf-sflow_issue_15918.bin'));
    for (let end = 0; end <= mixed.length; end++) assertBounded(mixed.subarray(0, end));
  });

  it('survives every value of every byte of a datagram with flows and counters', () => {
    const bytes = sentStream(true).find(({ flows, counters }) => flows.length > 0 && counters.length > 0)!.bytes;
    for (let at = 0; at < bytes.length; at++) {
      const original = bytes[at]!;
      for (let value = 0; value < 256; value++) {
        bytes[at] = value;
        assertBounded(bytes);
      }
      bytes[at] = original;
    }
  });

  it('survives the capture that crashed tcpdump from any byte of it on', withCaptures, () => {
    const file = readFileSync(join(CAPTURES, 'tcpdump-sflow_print-segv.pcap'));
    for (let start = 0; start < file.length; start++) assertBounded(file.subarray(start));
  });

  const broken: [string, Buffer, DatagramErrorCode, number][] = [
    ['nothing', Buffer.alloc(0), 'header_truncated', 0],
    ['another version', Buffer.from('0000000400000001c0000201', 'hex'), 'version', 0],
    ['an agent without an address', Buffer.from('0000000500000000'.padEnd(80, '0'), 'hex'), 'agent_address', 4],
    ['a header without a sample count', datagram(), 'header_truncated', 24],
    ['four billion samples', datagram('ffffffff'), 'sample_count', 24],
    ['two samples where one is', datagram('00000002', '00000063', '00000000'), 'sample_count', 24],
    [
      'a sample longer than the datagram',
      datagram('00000001', '00000003', '0000000c', '00000000'),
      'sample_length',
      32,
    ],
    ['a flow sample of four bytes', datagram('00000001', '00000001', '00000004', '00000000'), 'sample_content', 40],
    [
      'four billion records',
      datagram('00000001', '00000001', '00000020', ...FLOW_COMPACT, 'ffffffff'),
      'sample_content',
      64,
    ],
    [
      'a record that reaches into the next sample',
      datagram(
        '00000002',
        '00000001',
        '00000028',
        ...FLOW_COMPACT,
        '00000001',
        '00000001',
        '00000008',
        '00000063',
        '00000000',
      ),
      'sample_content',
      72,
    ],
  ];
  for (const [name, bytes, code, offset] of broken) {
    it(`says what is wrong with ${name}, and where`, () => {
      assert.deepEqual(decodeDatagram(bytes), { ok: false, code, offset });
    });
  }
});

describe('datagram reader before unusual bytes', () => {
  it('keeps unknown samples and records raw', () => {
    const unknownRecord = ['012c5647', '00000004', 'deadbeef'];
    const result = decoded(
      datagram(
        '00000002',
        '010cc3ea',
        '00000004',
        'cafe0001',
        '00000001',
        '0000002c',
        ...FLOW_COMPACT,
        '00000001',
        ...unknownRecord,
      ),
    );
    assert.deepEqual(result.samples[0], { kind: 'raw', tag: 0x010cc3ea, bytes: Buffer.from('cafe0001', 'hex') });
    const flow = result.samples[1]!;
    assert.ok(flow.kind === 'flow');
    assert.deepEqual(flow.records, [{ kind: 'raw', tag: 0x012c5647, bytes: Buffer.from('deadbeef', 'hex') }]);
  });

  it('reads what it knows of a record that was extended, and the record behind it', () => {
    const extended = ['000003e9', '00000014', '0000002a', '00000001', '0000002b', '00000002', '99999999'];
    const next = ['00000001', '00000014', '00000001', '00000040', '00000004', '00000003', 'aabbcc00'];
    const result = decoded(
      datagram('00000001', '00000001', '00000058', ...FLOW_COMPACT, '00000002', ...extended, ...next),
    );
    const flow = result.samples[0]!;
    assert.ok(flow.kind === 'flow');
    assert.deepEqual(flow.records, [
      { kind: 'extended_switch', sourceVlan: 42, sourcePriority: 1, destinationVlan: 43, destinationPriority: 2 },
      { kind: 'sampled_header', protocol: 1, frameLength: 64, stripped: 4, header: Buffer.from('aabbcc', 'hex') },
    ]);
  });

  it('keeps a known record raw that is too short for its fields', () => {
    const short = ['000003e9', '00000008', '0000002a', '00000001'];
    const header = ['00000001', '00000010', '00000001', '00000040', '00000004', '000000ff'];
    const result = decoded(
      datagram('00000001', '00000001', '00000048', ...FLOW_COMPACT, '00000002', ...short, ...header),
    );
    const flow = result.samples[0]!;
    assert.ok(flow.kind === 'flow');
    assert.deepEqual(
      flow.records.map(({ kind }) => kind),
      ['raw', 'raw'],
    );
  });

  it('accepts an unpadded record length: the next record begins at a multiple of four all the same', () => {
    const unpadded = ['00000001', '00000011', '00000001', '00000040', '00000004', '00000001', 'aa000000'];
    const next = ['000003e9', '00000010', '0000002a', '00000001', '0000002b', '00000002'];
    const result = decoded(
      datagram('00000001', '00000001', '00000054', ...FLOW_COMPACT, '00000002', ...unpadded, ...next),
    );
    const flow = result.samples[0]!;
    assert.ok(flow.kind === 'flow');
    assert.deepEqual(
      flow.records.map(({ kind }) => kind),
      ['sampled_header', 'extended_switch'],
    );
  });

  it('takes the compact source and interfaces apart', () => {
    const result = decoded(
      datagram(
        '00000001',
        '00000001',
        '00000020',
        '00000001',
        '02000009',
        '00000200',
        '00000003',
        '00000000',
        '3fffffff',
        '80000007',
        '00000000',
      ),
    );
    const flow = result.samples[0]!;
    assert.ok(flow.kind === 'flow');
    assert.deepEqual([flow.sourceClass, flow.sourceIndex], [2, 9]);
    assert.deepEqual([flow.inputFormat, flow.input, flow.outputFormat, flow.output], [0, 0x3fffffff, 2, 7]);
  });

  it('ignores bytes behind the last sample, as every collector does', () => {
    assert.deepEqual(decoded(datagram('00000000', 'ffffffff')).samples, []);
  });
});
