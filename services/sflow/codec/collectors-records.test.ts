// Records that a collector has to ask for, before collectors of other projects: who shows them, who passes over them, and
// who stumbles. docs/reference/sflow.md has the table.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HEADER_ETHERNET, UNKNOWN_U32 } from './constants.ts';
import { DatagramBuilder } from './datagram.ts';
import type { FlowSample } from './flow-sample.ts';
import {
  type Collector,
  dissectWithTshark,
  type FlowRow,
  SFACCTD,
  SFCAPD,
  sendUdp,
  skipWithout,
  startSfacctd,
  startSfcapd,
  TSHARK,
} from './testing/collectors.ts';
import { addressBytes, ethernetFrame, ipPacket } from './testing/frames.ts';

const RATE = 100;
const VLAN = 42;
const PRIORITY = 3;

/** One datagram; the samples' packets go to 10.2.0.1, 10.2.0.2 and on. */
function datagramOf(records: readonly Partial<FlowSample>[]): { datagram: Buffer; frameBytes: number } {
  const builder = new DatagramBuilder({ agentAddress: addressBytes('198.51.100.7'), subAgentId: 7 });
  let frameBytes = 0;
  records.forEach((given, index) => {
    const ports = { sourcePort: 40_000, destinationPort: 41_000 };
    const packet = { source: '10.1.0.1', destination: `10.2.0.${index + 1}`, protocol: 'udp', ...ports } as const;
    const header = ethernetFrame(ipPacket({ ...packet, payloadBytes: 30 }), (PRIORITY << 13) | VLAN);
    frameBytes = header.length;
    const numbers = { sequence: index + 1, ifIndex: 3, samplingRate: RATE, samplePool: 1000, drops: 0 };
    const from = { input: 3, output: 9, headerProtocol: HEADER_ETHERNET, wireBytes: header.length } as const;
    const sample = { ...numbers, ...from, header, headerOffset: 0, headerLength: header.length, ...given };
    assert.ok(builder.addFlow(sample));
  });
  return { datagram: Buffer.from(builder.finish(1, 1000)), frameBytes };
}

const tool = (tools: Record<string, string>) => ({ skip: skipWithout(tools) });
const known = { vlan: VLAN, priority: PRIORITY };
const unknown = { vlan: UNKNOWN_U32, priority: UNKNOWN_U32 };
const switchOf = (source: typeof known, destination: typeof known) => ({
  extendedSwitch: {
    ...{ sourceVlan: source.vlan, sourcePriority: source.priority },
    ...{ destinationVlan: destination.vlan, destinationPriority: destination.priority },
  },
});
/** Of a packet that comes in, of one that leaves, and of one without a tag. */
const SWITCHES = [switchOf(known, unknown), switchOf(unknown, known), {}];

const TUNNELS = [
  { tunnel: { egress: false, vni: 7, innerOffset: 50 } },
  { tunnel: { egress: true, vni: 7, innerOffset: 0 } },
  {},
];

const TIMES = [{ timestampNs: 1_767_225_605_001_000_001n }, {}];

describe('records before collectors of other projects', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tcxflow-records-'));
  });
  after(() => rm(dir, { recursive: true }));

  async function shownBy(start: (dir: string) => Promise<Collector>, datagram: Buffer): Promise<FlowRow[]> {
    const collector = await start(dir);
    await sendUdp(collector.port, [datagram]);
    return (await collector.stop()).sort((a, b) => a.destinationAddress.localeCompare(b.destinationAddress));
  }

  it('tshark shows both sides of extended_switch', tool(TSHARK), async () => {
    const fields = ['sflow_245.vlan.in', 'sflow_245.pri.in', 'sflow_245.vlan.out', 'sflow_245.pri.out'] as const;
    const { packets, complaints } = await dissectWithTshark([datagramOf(SWITCHES).datagram], fields);
    assert.deepEqual(complaints, []);
    assert.deepEqual(packets, [
      {
        'sflow_245.vlan.in': ['42', '4294967295'],
        'sflow_245.pri.in': ['3', '4294967295'],
        'sflow_245.vlan.out': ['4294967295', '42'],
        'sflow_245.pri.out': ['4294967295', '3'],
      },
    ]);
  });

  it('with extended_switch sfcapd shows the same packets, bytes and source VLANs', tool(SFCAPD), async () => {
    const { datagram, frameBytes } = datagramOf(SWITCHES);
    const rows = await shownBy(startSfcapd, datagram);
    assert.deepEqual(
      rows.map(({ packets, bytes, vlan }) => [packets, bytes, vlan]),
      SWITCHES.map(() => [RATE, RATE * (frameBytes + 4), VLAN]),
    );
  });

  it('sfacctd passes over tunnel records', tool(SFACCTD), async () => {
    const { datagram, frameBytes } = datagramOf(TUNNELS);
    const rows = await shownBy(startSfacctd, datagram);
    assert.deepEqual(
      rows.map(({ packets, bytes, vlan }) => [packets, bytes, vlan]),
      TUNNELS.map(() => [1, frameBytes + 4, VLAN]),
    );
  });

  // Why tunnels is off by default.
  it('sfcapd loses a datagram with tunnel records', tool(SFCAPD), async () => {
    await assert.rejects(shownBy(startSfcapd, datagramOf(TUNNELS).datagram), /sfcapd complains/);
  });

  it('sfcapd and sfacctd pass over the timestamp', { skip: skipWithout({ ...SFACCTD, ...SFCAPD }) }, async () => {
    const { datagram, frameBytes } = datagramOf(TIMES);
    for (const [start, factor] of [[startSfcapd, RATE] as const, [startSfacctd, 1] as const])
      assert.deepEqual(
        (await shownBy(start, datagram)).map(({ packets, bytes, vlan }) => [packets, bytes, vlan]),
        TIMES.map(() => [factor, factor * (frameBytes + 4), VLAN]),
      );
  });

  it(
    'tshark does not step over records that it does not know: it misses the packets behind them',
    tool(TSHARK),
    async () => {
      const shown = async (records: readonly Partial<FlowSample>[]) => {
        const { packets } = await dissectWithTshark([datagramOf(records).datagram], ['ip.dst']);
        return packets[0]?.['ip.dst'].slice(1); // the first is that of the datagram itself
      };
      assert.deepEqual(await shown([{}, {}, {}]), ['10.2.0.1', '10.2.0.2', '10.2.0.3']);
      assert.deepEqual(await shown(TUNNELS), ['10.2.0.3']);
      assert.deepEqual(await shown(TIMES), []);
    },
  );

  // Why vlans is off by default: an unknown source VLAN becomes one.
  it('with extended_switch sfacctd takes an unknown source VLAN for 65535', tool(SFACCTD), async () => {
    const { datagram, frameBytes } = datagramOf(SWITCHES);
    const rows = await shownBy(startSfacctd, datagram);
    assert.deepEqual(
      rows.map(({ packets, bytes, vlan }) => [packets, bytes, vlan]),
      [VLAN, 65_535, VLAN].map((vlan) => [1, frameBytes + 4, vlan]),
    );
  });
});
