// What one side writes the other reads, and the writer repeats what host-sflow wrote, byte for byte.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HEADER_ETHERNET } from './constants.ts';
import { writeCounterSample } from './counter-sample.ts';
import { decodeDatagram } from './decode-datagram.ts';
import { type HeaderProtocol, writeFlowSample } from './flow-sample.ts';
import { addressBytes } from './testing/frames.ts';
import { readUdpPcap } from './testing/pcap.ts';
import { type SentDatagram, sentStream } from './testing/stream.ts';
import { Sink } from './xdr-sink.ts';

const CAPTURE = join(import.meta.dirname, '../../../../shared/pcaps/sflow/linux-hsflowd-epcap.pcap');
const withCapture = { skip: existsSync(CAPTURE) ? false : `${CAPTURE} is not there` };
const HEADER_BYTES = 28;

function sentSamples({ flows }: SentDatagram): unknown[] {
  return flows.map(({ sample }) => {
    const stripped = sample.headerProtocol === HEADER_ETHERNET ? 4 : 0;
    const start = sample.headerOffset;
    const header = sample.header.subarray(start, start + Math.min(sample.headerLength, 128));
    const record = { kind: 'sampled_header', protocol: sample.headerProtocol, stripped, header: Buffer.from(header) };
    return {
      ...{ kind: 'flow', expanded: true, sequence: sample.sequence, sourceClass: 0, sourceIndex: sample.ifIndex },
      ...{ samplingRate: sample.samplingRate, samplePool: sample.samplePool % 2 ** 32, drops: sample.drops },
      ...{ inputFormat: 0, input: sample.input, outputFormat: 0, output: sample.output },
      records: [
        ...(sample.extendedSwitch ? [{ kind: 'extended_switch', ...sample.extendedSwitch }] : []),
        { ...record, frameLength: sample.wireBytes + stripped },
      ],
    };
  });
}

describe('codec', () => {
  it('reads what it wrote', () => {
    for (const sent of sentStream(true)) {
      const read = decodeDatagram(sent.bytes);
      assert.ok(read.ok);
      assert.deepEqual(read.agentAddress, addressBytes(sent.agent));
      assert.deepEqual(
        [read.subAgentId, read.sequence, read.uptimeMs],
        [sent.subAgentId, sent.sequence, sent.uptimeMs],
      );
      assert.deepEqual(
        read.samples.filter(({ kind }) => kind === 'flow'),
        sentSamples(sent),
      );
      const counters = read.samples.filter((sample) => sample.kind === 'counters');
      assert.equal(counters.length, sent.counters.length);
      counters.forEach((sample, i) => {
        const { counters: values, sequence } = sent.counters[i]!;
        const ifCounters = sample.records[0];
        const portName = sample.records.at(-1);
        if (values.ethernet)
          assert.partialDeepStrictEqual(sample.records[1], {
            name: 'ethernet_counters',
            values: { alignmentErrors: 1, singleCollisionFrames: null, frameTooLongs: 11, symbolErrors: 13 },
          });
        assert.deepEqual([sample.sequence, sample.sourceIndex], [sequence, values.ifIndex]);
        assert.deepEqual(portName, { kind: 'port_name', name: values.ifName });
        assert.ok(ifCounters?.kind === 'if_counters');
        assert.equal(ifCounters.inOctets, BigInt(values.inOctets));
        assert.equal(ifCounters.inMulticast, values.inMulticast);
        assert.equal(ifCounters.outMulticast, null);
        assert.equal(ifCounters.inUnknownProtocols, null);
      });
    }
  });

  it('writes the flow samples of host-sflow byte for byte, but for its dirty padding', withCapture, () => {
    let compared = 0;
    for (const { payload } of readUdpPcap(CAPTURE)) {
      const read = decodeDatagram(payload);
      assert.ok(read.ok);
      let at = HEADER_BYTES;
      for (const sample of read.samples) {
        const captured = Buffer.from(payload.subarray(at, at + 8 + payload.readUInt32BE(at + 4)));
        at += captured.length;
        if (sample.kind !== 'flow') continue;
        const record = sample.records[0];
        assert.ok(record?.kind === 'sampled_header');
        // host-sflow leaves old bytes in the padding of the header; RFC 4506, section 4.10 wants zeros.
        captured.fill(0, captured.length - (-record.header.length & 3));
        const sink = new Sink(Buffer.alloc(1000, 0xee));
        writeFlowSample(sink, {
          ...sample,
          ifIndex: sample.sourceIndex,
          headerProtocol: record.protocol as HeaderProtocol,
          wireBytes: record.frameLength - 4,
          ...{ header: record.header, headerOffset: 0, headerLength: record.header.length },
        });
        assert.deepEqual(sink.buffer.subarray(0, sink.offset), captured);
        compared++;
      }
    }
    assert.equal(compared, 102);
  });

  it('writes the if_counters of host-sflow byte for byte, but for promiscuous mode', withCapture, () => {
    let compared = 0;
    for (const { payload } of readUdpPcap(CAPTURE)) {
      const read = decodeDatagram(payload);
      assert.ok(read.ok);
      for (const sample of read.samples) {
        const record =
          sample.kind === 'counters' ? sample.records.find(({ kind }) => kind === 'if_counters') : undefined;
        if (record?.kind !== 'if_counters') continue;
        const sink = new Sink(Buffer.alloc(1000, 0xee));
        const counters = {
          ...{ ifIndex: record.ifIndex, ifName: '', ifType: record.ifType, ifSpeed: Number(record.ifSpeed) },
          ...{ ifDirection: record.ifDirection, adminUp: true, operUp: true, promiscuous: false, mtu: 1500 },
          ...{ inOctets: Number(record.inOctets), inPackets: record.inUnicast!, inMulticast: null, inBroadcast: null },
          ...{ inDiscards: record.inDiscards!, inErrors: record.inErrors!, outOctets: Number(record.outOctets) },
          ...{ outPackets: record.outUnicast!, outMulticast: null, outBroadcast: null },
          ...{ outDiscards: record.outDiscards!, outErrors: record.outErrors!, ethernet: null },
        };
        writeCounterSample(sink, { sequence: 1, counters });
        const written = sink.buffer.subarray(24, sink.offset - 4);
        assert.ok(payload.includes(written));
        assert.equal(record.promiscuousMode, 0); // host-sflow's own habit; ours says TruthValue false, 2.
        compared++;
      }
    }
    assert.equal(compared, 7);
  });
});
