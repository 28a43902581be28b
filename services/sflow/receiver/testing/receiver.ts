// A receiver without a socket whose messages are read back, and an emitter to feed it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { parseAddress } from '@tcxflow/packet/address.ts';
import type { RawSample } from '@tcxflow/schemas/generated.ts';
import { countersCodec, dropBatchCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { createBatchReader } from '../../read-batch.ts';
import { createSession, emptyTally } from '../../session.ts';
import { AGENT, batch, NOW, source } from '../../testing/session.ts';
import { receiverSection } from '../config.ts';
import { createIntake } from '../intake.ts';
import type { Outgoing } from '../messages.ts';
import { createReceiverMetrics } from '../metrics.ts';

export const CAPTURES = join(import.meta.dirname, '../../../../../shared/pcaps/sflow');
export const withCaptures = { skip: existsSync(CAPTURES) ? false : `${CAPTURES} is not there` };

export function receiver(options: object = {}) {
  const metrics = createReceiverMetrics(createMetrics('receiver'));
  const sent: Outgoing[] = [];
  const intake = createIntake(receiverSection.parse(options), metrics, (message) => void sent.push(message));
  const of = (topic: string) => sent.filter((message) => message.topic === topic).map(({ value }) => value);
  return {
    intake,
    metrics,
    flush: () => intake.flush(NOW, true),
    /** From memory that is used for something else at once. */
    receive(payload: Buffer, now = NOW, from = '192.0.2.9') {
      const bytes = Buffer.concat([parseAddress(from) as Buffer, payload]);
      intake.receive(
        { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) },
        16,
        bytes.length,
        0,
        now,
      );
      bytes.fill(0xee);
    },
    batches: () => of(topicNames.rawSamples).map((value) => sampleBatchCodec.decode(value)),
    counters: () => of(topicNames.counters).map((value) => countersCodec.decode(value)),
    drops: () => of(topicNames.drops).map((value) => dropBatchCodec.decode(value)),
    async count(name: 'lostSamples' | 'passedOver' | 'refused' | 'restarts' | 'lostDatagrams' | 'synthesized') {
      const { values } = await metrics[name].get();
      return Object.fromEntries(
        values.filter(({ value }) => value > 0).map(({ labels, value }) => [Object.values(labels)[0] ?? '', value]),
      );
    },
  };
}

/** An emitter of one agent. */
export function emitter(startedAt = NOW - 5000) {
  const options = {
    subAgentId: 7,
    datagramBytes: 1400,
    headerBytes: 128,
    maxAgeMs: 10_000,
    portNames: true,
    host: true,
  };
  const session = createSession(AGENT, startedAt, options);
  const read = createBatchReader();
  const datagrams: Buffer[] = [];
  const emit = (datagram: Buffer) => void datagrams.push(datagram);
  return {
    datagrams,
    session,
    emit,
    add(samples: RawSample[], sources = [source()], boot = 1) {
      const message = sampleBatchCodec.encode(batch(samples, sources, { bootId: Buffer.alloc(16, boot) }));
      session.addBatch(read(message), NOW, emptyTally(), emit);
      session.flush(NOW, emit);
    },
  };
}

/** As it goes through: what the wire does not carry left out. */
export const kept = ({
  sequence,
  samplingRate,
  wireBytes,
  etherType,
  inputIfIndex,
  outputIfIndex,
  header,
}: RawSample) => ({
  ...{ sequence, samplingRate, wireBytes, etherType, inputIfIndex, outputIfIndex, header },
});

export const frame = (fill: number) => {
  const header = Buffer.alloc(60, fill);
  header.writeUInt16BE(0x0800, 12);
  return header;
};
