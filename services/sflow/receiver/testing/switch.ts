// Datagrams of a switch, with whatever numbers a test wants.

import { DatagramBuilder } from '../../codec/datagram.ts';
import { testCounters } from '../../codec/testing/stream.ts';
import { AGENT } from '../../testing/session.ts';
import { frame } from './receiver.ts';

export interface FlowNumbers {
  sequence: number;
  ifIndex?: number;
  samplingRate?: number;
  samplePool?: number;
  drops?: number;
  input?: number;
  output?: number;
}

export interface SwitchDatagram {
  sequence: number;
  uptimeMs?: number;
  subAgentId?: number;
  agent?: Buffer;
  flows?: FlowNumbers[];
  /** ifIndex and what differs from testCounters. */
  counters?: (Partial<ReturnType<typeof testCounters>> & { ifIndex: number })[];
}

export function switchDatagram({
  sequence,
  uptimeMs = 60_000 + sequence,
  subAgentId = 0,
  agent = AGENT,
  flows = [],
  counters = [],
}: SwitchDatagram): Buffer {
  const options = { agentAddress: agent, subAgentId, portName: true, maxBytes: 9000 };
  const builder = new DatagramBuilder(options);
  for (const { sequence: number, ifIndex = 2, samplingRate = 100, ...rest } of flows) {
    const numbers = { samplePool: number * samplingRate, drops: 0, input: ifIndex, output: 3, ...rest };
    const header = frame(number & 0xff);
    const packet = { wireBytes: 1000, header, headerOffset: 0, headerLength: header.length };
    builder.addFlow({ sequence: number, ifIndex, samplingRate, ...numbers, headerProtocol: 1, ...packet });
  }
  for (const { ifIndex, ...rest } of counters)
    builder.addCounters({ sequence, counters: { ...testCounters(ifIndex, 2), ...rest } });
  return Buffer.from(builder.finish(sequence, uptimeMs));
}
