// The emitter's datagrams before collectors of other projects: what they show must be what was sent.
// docs/reference/sflow.md says what each collector makes of bytes, packets and sampling rate.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  dissectWithTshark,
  type FlowRow,
  findProgram,
  SFACCTD,
  SFCAPD,
  sendUdp,
  skipWithout,
  startGoflow2,
  startSfacctd,
  startSfcapd,
  TSHARK,
} from './testing/collectors.ts';
import { frameLength, sentCounters, sentTsharkFields, TSHARK_FIELDS } from './testing/sent-fields.ts';
import { type SentDatagram, type SentFlow, sentStream } from './testing/stream.ts';

const PROTOCOL = { tcp: 6, udp: 17, icmp: 1 };

function sentRow(datagram: SentDatagram, flow: SentFlow): FlowRow {
  const { packet, sample, vlan } = flow;
  return {
    exporter: datagram.agent,
    subAgentId: null,
    sourceAddress: packet.source,
    destinationAddress: packet.destination,
    protocol: packet.protocol === 'icmp' && packet.source.includes(':') ? 58 : PROTOCOL[packet.protocol],
    sourcePort: packet.sourcePort ?? 0,
    destinationPort: packet.destinationPort ?? 0,
    vlan,
    input: sample.input,
    output: sample.output,
    packets: 1,
    bytes: frameLength(flow),
    samplingRate: sample.samplingRate,
  };
}

function sentRows(datagrams: SentDatagram[]): FlowRow[] {
  return datagrams.flatMap((datagram) => datagram.flows.map((flow) => sentRow(datagram, flow)));
}

function sorted(rows: FlowRow[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

const tshark = skipOption(TSHARK);
/** Not among Debian's packages, and so nobody's duty. */
const goflow2 = { skip: findProgram('goflow2') === null && 'goflow2 is not on PATH' };

function skipOption(tools: Record<string, string>): { skip: string | false } {
  return { skip: skipWithout(tools) };
}

describe('collectors of other projects', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tcxflow-collectors-'));
  });
  after(() => rm(dir, { recursive: true }));

  it('the stream has what the collectors are to be tried with', () => {
    const stream = sentStream(false);
    const samples = stream.flatMap((datagram) => datagram.flows.map((flow) => flow.sample));
    assert.equal(samples.length, 108);
    assert.ok(samples.some((sample) => sample.headerLength % 4 !== 0 && sample.headerLength < 128));
    assert.ok(samples.some((sample) => sample.headerLength > 128));
    assert.deepEqual([...new Set(samples.map((sample) => sample.headerProtocol))].sort(), [1, 11, 12]);
    assert.ok(stream.every(({ bytes }) => bytes.length <= 1400));
    assert.ok(stream.some(({ flows, counters }) => flows.length > 0 && counters.length > 0));
  });

  for (const portName of [false, true]) {
    const profile = portName ? 'with port names' : 'in the safe profile';
    const stream = sentStream(portName);
    const datagrams = stream.map(({ bytes }) => bytes);

    it(`tshark dissects datagrams ${profile} without a complaint and shows what was sent`, tshark, async () => {
      const { packets, complaints } = await dissectWithTshark(datagrams, TSHARK_FIELDS);
      assert.deepEqual(complaints, []);
      assert.equal(packets.length, stream.length);
      stream.forEach((datagram, i) => {
        assert.deepEqual(packets[i], sentTsharkFields(datagram));
      });
    });

    it(`sfcapd stores the flows of datagrams ${profile}`, skipOption(SFCAPD), async () => {
      const sfcapd = await startSfcapd(dir);
      await sendUdp(sfcapd.port, datagrams);
      const rows = await sfcapd.stop();
      const expected = stream.flatMap((datagram) =>
        datagram.flows.map((flow) => {
          const row = sentRow(datagram, flow);
          const rate = flow.sample.samplingRate;
          // nfdump goes by UDP source and sub-agent, and multiplies by the rate.
          const exporter = { exporter: '127.0.0.1', subAgentId: datagram.subAgentId };
          return { ...row, ...exporter, packets: rate, bytes: rate * row.bytes, samplingRate: null };
        }),
      );
      assert.deepEqual(sorted(rows), sorted(expected));
    });

    it(`goflow2 prints the flows of datagrams ${profile}`, goflow2, async () => {
      const collector = await startGoflow2();
      await sendUdp(collector.port, datagrams);
      const rows = await collector.stop();
      // Of header_protocol it knows Ethernet only: of packets without L2 it has what stands beside the header.
      const bare = { sourceAddress: '', destinationAddress: '', protocol: 0, sourcePort: 0, destinationPort: 0 };
      const expected = stream.flatMap((datagram) =>
        datagram.flows.map((flow) => ({
          ...sentRow(datagram, flow),
          ...(flow.sample.headerProtocol === 1 ? {} : bare),
        })),
      );
      assert.deepEqual(sorted(rows), sorted(expected));
      const withFlows = stream.filter(({ flows }) => flows.length > 0);
      const seen = new Set(collector.sequences().map(({ agent, sequence }) => `${agent} ${sequence}`));
      assert.deepEqual(seen, new Set(withFlows.map(({ agent, sequence }) => `${agent} ${sequence}`)));
    });

    it(`sfacctd prints the flows and counters of datagrams ${profile}`, skipOption(SFACCTD), async () => {
      const sfacctd = await startSfacctd(dir);
      await sendUdp(sfacctd.port, datagrams);
      const rows = await sfacctd.stop();
      assert.deepEqual(sorted(rows), sorted(sentRows(stream)));
      const counters = (await sfacctd.counters()).filter((entry) => entry.sf_cnt_type === 'sflow_cnt_generic');
      const sent = stream.flatMap((datagram) => datagram.counters.map((sample) => ({ datagram, sample })));
      assert.equal(counters.length, sent.length);
      sent.forEach(({ datagram, sample }, i) => {
        const shown = counters[i]!;
        const expected = sentCounters(sample.counters);
        assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, shown[name]])), expected);
        assert.equal(shown.sflow_seq, datagram.sequence);
        assert.equal(shown.sflow_cnt_seq, sample.sequence);
        assert.equal(shown.source_id_index, sample.counters.ifIndex);
      });
    });
  }

  it('tshark complains about a datagram that is cut, so its silence means something', tshark, async () => {
    const whole = sentStream(false)[0]!.bytes;
    const { complaints } = await dissectWithTshark([whole.subarray(0, whole.length - 30)], ['frame.number']);
    assert.equal(complaints.length, 1);
  });

  it('a collector that finds broken packets makes stop() reject', skipOption(SFCAPD), async () => {
    const sfcapd = await startSfcapd(dir);
    const whole = sentStream(false)[0]!.bytes;
    await sendUdp(sfcapd.port, [whole.subarray(0, whole.length - 30)]);
    await assert.rejects(sfcapd.stop(), /sfcapd complains/);
  });
});
