// The reader against captures of real agents and what sflowtool 6 says of them (../shared/pcaps/README.md).

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import type { DecodedIfCounters } from './decode-counter-sample.ts';
import { decodeDatagram, type Sample } from './decode-datagram.ts';
import type { DecodedExtendedSwitch, DecodedSampledHeader } from './decode-flow-sample.ts';
import type { RawRecord } from './decode-records.ts';
import { readUdpPcap } from './testing/pcap.ts';
import { ourValues, theirValues } from './testing/sflowtool.ts';

const SHARED = join(import.meta.dirname, '../../../../shared/pcaps');
const skip = existsSync(SHARED) ? false : `${SHARED} is not there`;

type Element = Record<string, string>;
interface ExpectedSample extends Record<string, string | Element[]> {
  elements: Element[];
}
interface Expected {
  file: string;
  index: number;
  datagram: { samples: ExpectedSample[] } & Record<string, string>;
}

function expectations(): Map<string, Expected[]> {
  const lines = readFileSync(join(SHARED, 'sflow-expected.jsonl'), 'utf8').trim().split('\n');
  const all = lines.map((line) => JSON.parse(line) as Expected);
  return Map.groupBy(all, ({ file }) => basename(file));
}

function payloadsOf(file: string): Buffer[] {
  const path = join(SHARED, 'sflow', file);
  return file.endsWith('.bin') ? [readFileSync(path)] : readUdpPcap(path).map(({ payload }) => payload);
}

/** As sflowtool prints a sample of ours. */
function shown(sample: Sample): Record<string, unknown> {
  if (sample.kind === 'raw') return { sampleType_tag: tagText(sample.tag) };
  if (sample.kind === 'discard')
    return {
      ...{ sampleType_tag: '0:5', sampleSequenceNo: String(sample.sequence), dropEvents: String(sample.drops) },
      ...{ sourceId: `${sample.sourceClass}:${sample.sourceIndex}`, discardCode: String(sample.reason) },
      ...{ inputPort: String(sample.input), outputPort: String(sample.output) },
      elements: sample.records.map((record) => shownRecord(record)),
    };
  const common = {
    sampleType_tag: tagText((sample.kind === 'flow' ? 1 : 2) + (sample.expanded ? 2 : 0)),
    sampleSequenceNo: String(sample.sequence),
    sourceId: `${sample.sourceClass}:${sample.sourceIndex}`,
  };
  if (sample.kind === 'counters') {
    return { ...common, elements: sample.records.map((record) => shownRecord(record)) };
  }
  return {
    ...common,
    meanSkipCount: String(sample.samplingRate),
    samplePool: String(sample.samplePool),
    dropEvents: String(sample.drops),
    inputPort: portText(sample.inputFormat, sample.input),
    outputPort: portText(sample.outputFormat, sample.output),
    elements: sample.records.map((record) => shownRecord(record)),
  };
}

function shownRecord(record: Exclude<Sample, RawRecord>['records'][number]): Element {
  switch (record.kind) {
    case 'sampled_header':
      return shownHeader(record);
    case 'extended_switch':
      return shownSwitch(record);
    case 'if_counters':
      return shownCounters(record);
    case 'port_name':
      return { tag: '0:1005', ifName: record.name };
    default:
      return { tag: tagText(record.tag) };
  }
}

function shownHeader(record: DecodedSampledHeader): Element {
  return {
    tag: '0:1',
    headerProtocol: String(record.protocol),
    sampledPacketSize: String(record.frameLength),
    strippedBytes: String(record.stripped),
    headerLen: String(record.header.length),
    headerBytes: record.header
      .toString('hex')
      .toUpperCase()
      .replace(/..(?=.)/g, '$&-'),
  };
}

function shownSwitch(record: DecodedExtendedSwitch): Element {
  return {
    tag: '0:1001',
    in_vlan: String(record.sourceVlan),
    in_priority: String(record.sourcePriority),
    out_vlan: String(record.destinationVlan),
    out_priority: String(record.destinationPriority),
  };
}

function shownCounters(record: DecodedIfCounters): Element {
  const u32 = (value: number | null) => String(value ?? 0xffffffff);
  const u64 = (value: bigint | null) => String(value ?? 2n ** 64n - 1n);
  return {
    tag: '0:1',
    ifIndex: u32(record.ifIndex),
    networkType: u32(record.ifType),
    ifSpeed: u64(record.ifSpeed),
    ifDirection: u32(record.ifDirection),
    ifStatus: u32(record.ifStatus),
    ifInOctets: u64(record.inOctets),
    ifInUcastPkts: u32(record.inUnicast),
    ifInMulticastPkts: u32(record.inMulticast),
    ifInBroadcastPkts: u32(record.inBroadcast),
    ifInDiscards: u32(record.inDiscards),
    ifInErrors: u32(record.inErrors),
    ifInUnknownProtos: u32(record.inUnknownProtocols),
    ifOutOctets: u64(record.outOctets),
    ifOutUcastPkts: u32(record.outUnicast),
    ifOutMulticastPkts: u32(record.outMulticast),
    ifOutBroadcastPkts: u32(record.outBroadcast),
    ifOutDiscards: u32(record.outDiscards),
    ifOutErrors: u32(record.outErrors),
    ifPromiscuousMode: u32(record.promiscuousMode),
  };
}

function tagText(tag: number): string {
  return `${tag >>> 12}:${tag & 0xfff}`;
}

function portText(format: number, value: number): string {
  return ['', 'dropCode ', 'multiple ', 'format3 '][format] + String(value);
}

/** The fields of `ours` out of what sflowtool printed, so that all we decode is compared and nothing it adds. */
function pick(expected: Element, ours: Element): Element {
  const tag = expected.flowBlock_tag ?? expected.counterBlock_tag ?? expected.discarded_flowBlock_tag ?? '';
  return Object.fromEntries(Object.keys(ours).map((key) => [key, key === 'tag' ? tag : (expected[key] ?? '')]));
}

/** Every value of every structure that is read by its list of fields; the tags were compared before. */
function compareStructures(sample: Sample, elements: Element[]): void {
  if (sample.kind === 'raw') return;
  sample.records.forEach((record, k) => {
    if (record.kind !== 'structure') return;
    const theirs = theirValues(elements[k]!);
    assert.deepEqual(ourValues(record, theirs), theirs);
    compared.set(record.name, (compared.get(record.name) ?? 0) + 1);
  });
}

function addressText(address: Buffer): string {
  if (address.subarray(0, 10).every((byte) => byte === 0) && address.readUInt16BE(10) === 0xffff) {
    return address.subarray(12).join('.');
  }
  return address.toString('hex').replace(/....(?=.)/g, '$&:');
}

const compared = new Map<string, number>();

describe('datagram reader', { skip }, () => {
  const expected = skip === false ? expectations() : new Map<string, Expected[]>();
  const files = skip === false ? readdirSync(join(SHARED, 'sflow')) : [];

  it('has an expectation for every file', () => {
    assert.equal(files.length, 27);
    assert.deepEqual([...expected.keys()].sort(), files.toSorted());
  });

  for (const file of files) {
    it(`reads ${file} as sflowtool does`, () => {
      const payloads = payloadsOf(file);
      const all = expected.get(file)!;
      assert.equal(payloads.length, all.length);
      all.forEach(({ datagram }, i) => {
        const decoded = decodeDatagram(payloads[i]!);
        if (datagram.samplesInPacket === undefined) {
          assert.equal(decoded.ok, false);
          return;
        }
        if (!decoded.ok) assert.fail(`datagram ${i + 1}: ${decoded.code} at ${decoded.offset}`);
        assert.equal(addressText(decoded.agentAddress), datagram.agent);
        assert.equal(String(decoded.subAgentId), datagram.agentSubId);
        assert.equal(String(decoded.sequence), datagram.packetSequenceNo);
        assert.equal(String(decoded.uptimeMs), datagram.sysUpTime);
        assert.equal(String(decoded.samples.length), datagram.samplesInPacket);
        datagram.samples.forEach((sample, j) => {
          const { elements: records, ...ours } = shown(decoded.samples[j]!) as { elements?: Element[] };
          const theirs = Object.fromEntries(Object.keys(ours).map((key) => [key, sample[key]]));
          assert.deepEqual(ours, theirs);
          if (records === undefined) return;
          compareStructures(decoded.samples[j]!, sample.elements);
          assert.deepEqual(
            records,
            sample.elements.map((element, k) => pick(element, records[k] ?? {})),
          );
        });
      });
    });
  }

  it('has compared every structure that the captures hold', () => {
    assert.deepEqual(Object.fromEntries([...compared].sort()), {
      ...{
        ethernet_counters: 194,
        extended_egress_queue: 1,
        extended_gateway: 4,
        extended_router: 4,
        host_adapters: 9,
      },
      ...{ host_cpu: 9, host_descr: 9, host_disk_io: 9, host_memory: 9, host_net_io: 9, http_counters: 2 },
      ...{
        lag_port_stats: 2,
        mib2_icmp_group: 7,
        mib2_ip_group: 7,
        mib2_tcp_group: 7,
        mib2_udp_group: 7,
        processor: 1,
      },
      ...{ sampled_ethernet: 2, sampled_ipv4: 2 },
    });
  });
});
