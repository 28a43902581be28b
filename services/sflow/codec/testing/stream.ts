// A stream of datagrams of two agents with everything written down that a collector should show of it.

import type { EthernetCounters, InterfaceCounters } from '@tcxflow/schemas/generated.ts';
import { HEADER_ETHERNET, INTERFACE_UNKNOWN } from '../constants.ts';
import type { CounterSample } from '../counter-sample.ts';
import { DatagramBuilder } from '../datagram.ts';
import { type FlowSample, headerProtocolOf } from '../flow-sample.ts';
import { addressBytes, ethernetFrame, ipPacket, type PacketOptions } from './frames.ts';

export interface SentFlow {
  packet: PacketOptions;
  vlan: number;
  sample: FlowSample;
}

export interface SentDatagram {
  agent: string;
  subAgentId: number;
  sequence: number;
  uptimeMs: number;
  flows: SentFlow[];
  counters: CounterSample[];
  bytes: Buffer;
}

/** Ports that no dissector claims: the payload is no protocol. */
const FIRST_PORT = 40_000;
const ROUNDS = 6;

const ETHERNET: EthernetCounters = {
  ...{ alignmentErrors: 1, fcsErrors: 2, singleCollisionFrames: null, multipleCollisionFrames: null },
  ...{ sqeTestErrors: null, deferredTransmissions: 6, lateCollisions: 7, excessiveCollisions: 8 },
  ...{ internalMacTransmitErrors: 9, carrierSenseErrors: 10, frameTooLongs: 11, internalMacReceiveErrors: 12 },
  symbolErrors: 2 ** 32 + 13,
};

export function testCounters(ifIndex: number, round: number): InterfaceCounters {
  return {
    ...{ ifIndex, ifName: `eth${ifIndex}`, ifType: 6, ifSpeed: 100e9, ifDirection: 1, mtu: 1500 },
    ...{ adminUp: true, operUp: round % 2 === 0, promiscuous: round % 3 === 0 },
    ...{ inOctets: 2 ** 52 + round, inPackets: 2 ** 32 + 1000 + round, inMulticast: 100, inBroadcast: 7 + round },
    ...{ inDiscards: 3, inErrors: 2 ** 33 + 4, outOctets: 5, outPackets: 6, outMulticast: null, outBroadcast: null },
    ...{ outDiscards: 8, outErrors: 9 },
    ethernet: round % 2 === 1 ? ETHERNET : null,
  };
}

function packetsOf(round: number): { packet: PacketOptions; vlan?: number; raw?: boolean }[] {
  const v4 = { source: '10.1.0.1', destination: `10.2.0.${round + 1}` };
  const v6 = { source: '2001:db8::1', destination: `2001:db8:1::${round + 1}` };
  const ports = { sourcePort: FIRST_PORT + round, destinationPort: FIRST_PORT + 1000 };
  return [
    { packet: { ...v4, ...ports, protocol: 'udp', payloadBytes: round } },
    { packet: { ...v4, ...ports, protocol: 'tcp', payloadBytes: 1400 + round } },
    { packet: { ...v6, ...ports, protocol: 'udp', payloadBytes: 200 } },
    { packet: { ...v6, ...ports, protocol: 'tcp', payloadBytes: round } },
    { packet: { ...v4, protocol: 'icmp', payloadBytes: 15 } },
    { packet: { ...v6, protocol: 'icmp', payloadBytes: 13 + round } },
    { packet: { ...v4, ...ports, destinationPort: FIRST_PORT + 2000, protocol: 'tcp', payloadBytes: 33 }, vlan: 42 },
    { packet: { ...v4, ...ports, destinationPort: FIRST_PORT + 3000, protocol: 'udp', payloadBytes: 21 }, raw: true },
    { packet: { ...v6, ...ports, destinationPort: FIRST_PORT + 3000, protocol: 'udp', payloadBytes: 22 }, raw: true },
  ];
}

/** Datagrams of agent 198.51.100.7 (sub-agent 7) and of 2001:db8:ffff::9 (sub-agent 9). */
export function sentStream(portName: boolean): SentDatagram[] {
  return [...agentStream('198.51.100.7', 7, portName), ...agentStream('2001:db8:ffff::9', 9, portName)];
}

function agentStream(agent: string, subAgentId: number, portName: boolean): SentDatagram[] {
  const builder = new DatagramBuilder({ agentAddress: addressBytes(agent), subAgentId, portName });
  const sent: SentDatagram[] = [];
  let flows: SentFlow[] = [];
  let counters: CounterSample[] = [];
  const finish = () => {
    const sequence = sent.length + 1;
    const uptimeMs = sequence * 250;
    const bytes = Buffer.from(builder.finish(sequence, uptimeMs));
    sent.push({ agent, subAgentId, sequence, uptimeMs, flows, counters, bytes });
    flows = [];
    counters = [];
  };
  let sequence = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const { packet, vlan, raw } of packetsOf(round)) {
      const sample = flowSample(++sequence, subAgentId, ipPacket(packet), vlan, raw);
      if (!builder.addFlow(sample)) {
        finish();
        builder.addFlow(sample);
      }
      flows.push({ packet, vlan: vlan ?? 0, sample });
    }
    const sample = { sequence: round + 1, counters: testCounters(3, round) };
    if (!builder.addCounters(sample)) {
      finish();
      builder.addCounters(sample);
    }
    counters.push(sample);
  }
  finish();
  return sent;
}

function flowSample(sequence: number, subAgentId: number, packet: Buffer, vlan?: number, raw = false): FlowSample {
  const bytes = raw ? packet : ethernetFrame(packet, vlan);
  const vlans = { sourceVlan: vlan ?? 0, sourcePriority: 0, destinationVlan: vlan ?? 0, destinationPriority: 0 };
  return {
    ...{
      sequence,
      ifIndex: 2 ** 24 + 3,
      samplingRate: 500 + subAgentId,
      samplePool: 2 ** 32 + sequence * 500,
      drops: 2,
    },
    ...{ input: 2 ** 24 + 3, output: sequence % 2 === 0 ? 9 : INTERFACE_UNKNOWN },
    headerProtocol: raw ? headerProtocolOf('ip', packet[0] === 0x60 ? 0x86dd : 0x0800)! : HEADER_ETHERNET,
    wireBytes: bytes.length,
    // Not at the start of its buffer, as samples in a batch are not.
    header: Buffer.concat([Buffer.alloc(5, 0xee), bytes]),
    ...{ headerOffset: 5, headerLength: bytes.length },
    extendedSwitch: vlan === undefined ? null : vlans,
  };
}
