import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HEADER_ETHERNET, HEADER_IPV4, HEADER_IPV6, INTERFACE_LOCAL_EXPANDED, isLocalInterface } from './constants.ts';
import { type FlowSample, headerProtocolOf, maxFlowSampleBytes, writeFlowSample } from './flow-sample.ts';
import { Sink } from './xdr-sink.ts';

const sample: FlowSample = {
  sequence: 0x11,
  ifIndex: 0x01000003,
  samplingRate: 512,
  samplePool: 2 ** 33 + 0x2222,
  drops: 0x33,
  input: 0x01000003,
  output: INTERFACE_LOCAL_EXPANDED,
  headerProtocol: HEADER_ETHERNET,
  wireBytes: 242,
  header: Buffer.from('ffffaabbccddeeffff', 'hex'),
  headerOffset: 2,
  headerLength: 5,
};

function written(flow: FlowSample, maxHeaderBytes?: number): string {
  const sink = new Sink(Buffer.alloc(400, 0xee));
  writeFlowSample(sink, flow, maxHeaderBytes);
  assert.equal(sink.overflow, false);
  return sink.buffer.subarray(0, sink.offset).toString('hex');
}

// Each word by hand from sFlow Version 5, section 5.
const FIXED_FIELDS = [
  '00000011', // sequence
  '00000000', // ds_class: ifIndex
  '01000003', // ds_index
  '00000200', // sampling_rate
  '00002222', // sample_pool, low 32 bits
  '00000033', // drops
  '00000000', // input format
  '01000003', // input
  '00000000', // output format
  'ffffffff', // output: the device itself
].join('');

describe('flow sample', () => {
  it('is an expanded sample with a padded header', () => {
    const record = '00000001' + '00000018' + '00000001' + '000000f6' + '00000004' + '00000005' + 'aabbccddee000000';
    assert.equal(written(sample), `00000003${'0000004c'}${FIXED_FIELDS}00000001${record}`);
  });

  it('puts extended_switch before the header', () => {
    const extendedSwitch = { sourceVlan: 42, sourcePriority: 3, destinationVlan: 43, destinationPriority: 4 };
    const vlans = '000003e9' + '00000010' + '0000002a' + '00000003' + '0000002b' + '00000004';
    const record = '00000001' + '00000018' + '00000001' + '000000f6' + '00000004' + '00000005' + 'aabbccddee000000';
    assert.equal(
      written({ ...sample, extendedSwitch }),
      `00000003${'00000064'}${FIXED_FIELDS}00000002${vlans}${record}`,
    );
  });

  const sampledHeader =
    '00000001' + '00000018' + '00000001' + '000000f6' + '00000004' + '00000005' + 'aabbccddee000000';

  it('says where a tunnel ends and which network it is of, by the direction', () => {
    const tunnel = { egress: false, vni: 0x123456, innerOffset: 4 };
    const ingress = '00000404' + '00000004' + '00000004' + '00000406' + '00000004' + '00123456';
    const egress = '00000403' + '00000004' + '00000004' + '00000405' + '00000004' + '00123456';
    const whole = (records: string) => `00000003${'00000064'}${FIXED_FIELDS}00000003${records}${sampledHeader}`;
    assert.equal(written({ ...sample, tunnel }), whole(ingress));
    assert.equal(written({ ...sample, tunnel: { ...tunnel, egress: true } }), whole(egress));
  });

  it('says nothing of where a tunnel ends when that is behind the header bytes, or not known', () => {
    const vni = '00000406' + '00000004' + '00123456';
    for (const innerOffset of [0, 5, 70])
      assert.equal(
        written({ ...sample, tunnel: { egress: false, vni: 0x123456, innerOffset } }),
        `00000003${'00000058'}${FIXED_FIELDS}00000002${vni}${sampledHeader}`,
      );
  });

  it('says when the packet was seen, in nanoseconds since 1970', () => {
    const time = '00000413' + '00000008' + '18865e1abe1d7fff';
    assert.equal(
      written({ ...sample, timestampNs: 0x18865e1abe1d7fffn }),
      `00000003${'0000005c'}${FIXED_FIELDS}00000002${time}${sampledHeader}`,
    );
  });

  it('reports the captured frame of 242 bytes as 246 with 4 stripped, where mod_epcap of host-sflow says 260', () => {
    const bytes = Buffer.from(written(sample), 'hex');
    assert.equal(bytes.readUInt32BE(8 + 44 + 8 + 4), 246);
    assert.equal(bytes.readUInt32BE(8 + 44 + 8 + 8), 4);
  });

  for (const headerProtocol of [HEADER_IPV4, HEADER_IPV6] as const) {
    it(`counts no FCS for header protocol ${headerProtocol}: a raw IP device has none`, () => {
      const bytes = Buffer.from(written({ ...sample, headerProtocol }), 'hex');
      assert.equal(bytes.readUInt32BE(8 + 44 + 8), headerProtocol);
      assert.equal(bytes.readUInt32BE(8 + 44 + 8 + 4), 242);
      assert.equal(bytes.readUInt32BE(8 + 44 + 8 + 8), 0);
    });
  }

  it('cuts the header at 128 bytes unless told otherwise', () => {
    const long = { ...sample, header: Buffer.alloc(500, 0xaa), headerOffset: 0, headerLength: 500 };
    assert.equal(written(long).length / 2, 204);
    assert.equal(written(long, 61).length / 2, 8 + 44 + 8 + 16 + 64);
  });

  it('is never larger than the bound that builders reckon with', () => {
    const extendedSwitch = { sourceVlan: 1, sourcePriority: 0, destinationVlan: 1, destinationPriority: 0 };
    const long = { ...sample, header: Buffer.alloc(500, 0xaa), headerOffset: 0, headerLength: 500, extendedSwitch };
    const tunnel = { egress: true, vni: 1, innerOffset: 1 };
    for (const cap of [2, 61, 128, 255])
      assert.equal(written({ ...long, tunnel, timestampNs: 1n }, cap).length / 2, maxFlowSampleBytes(cap));
  });

  it('names what the header bytes start with', () => {
    assert.equal(headerProtocolOf('ethernet', 0x0800), 1);
    assert.equal(headerProtocolOf('ip', 0x0800), 11);
    assert.equal(headerProtocolOf('ip', 0x86dd), 12);
    assert.equal(headerProtocolOf('ip', 0x8847), null);
  });

  it('knows the device itself in both spellings, and only as format 0', () => {
    assert.equal(isLocalInterface(0, 0xffffffff), true);
    assert.equal(isLocalInterface(0, 0x3fffffff), true);
    assert.equal(isLocalInterface(0, 0), false);
    assert.equal(isLocalInterface(2, 0x3fffffff), false);
  });
});
