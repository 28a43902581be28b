// Flow samples as sFlow to a port of the loopback.

import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatagramBuilder } from '@tcxflow/sflow/codec/datagram.ts';
import { makeSampleBatch } from './sample-batch.ts';

/** Datagrams at once, then a pause: a receiver that keeps up drops nothing. */
export const BURST = 100;
const PAUSE_MS = 5;
export const DATAGRAM_SAMPLES = 6;

/** Datagrams of six samples each. */
export function createSflowSender(port: number): (datagrams: number) => Promise<void> {
  const { agentAddress, samples } = makeSampleBatch();
  const builder = new DatagramBuilder({ agentAddress, subAgentId: 1 });
  const socket = createSocket('udp4');
  socket.unref();
  let datagram = 0;
  let sequence = 0;
  const next = () => {
    for (;;) {
      const header = samples[sequence % samples.length]?.header as Buffer;
      const numbers = { ifIndex: 2, samplingRate: 1000, samplePool: sequence * 1000, drops: 0, input: 2, output: 3 };
      const bytes = { wireBytes: 1400, header, headerOffset: 0, headerLength: header.length };
      const sample = { sequence: sequence + 1, ...numbers, headerProtocol: 1 as const, ...bytes };
      if (!builder.addFlow(sample)) return Buffer.from(builder.finish(++datagram, datagram));
      sequence++;
    }
  };
  return async (datagrams) => {
    for (let sent = 0; sent < datagrams; sent++) {
      socket.send(next(), port, '127.0.0.1');
      if (sent % BURST === BURST - 1) await sleep(PAUSE_MS);
    }
  };
}
