// Dropped packets of an agent as sFlow's discarded packets. The topic numbers no drops, so the emitter does, as it
// does with datagrams: from 1 again when it or the agent starts anew.

import type { DropBatch } from '@tcxflow/schemas/generated.ts';
import type { DatagramBuilder } from './codec/datagram.ts';
import type { DiscardSample } from './codec/discard-sample.ts';
import { headerProtocolOf } from './codec/flow-sample.ts';
import type { SessionTally } from './session.ts';

export interface Discards {
  /** Datagrams that hold nothing else. */
  builder: DatagramBuilder;
  /** @param finish sends what is full */
  add(batch: DropBatch, now: number, tally: SessionTally, finish: (full: DatagramBuilder) => void): void;
}

export interface DiscardOptions {
  maxAgeMs: number;
  /** When the kernel dropped it. */
  timestamps?: boolean;
}

export function createDiscards(build: () => DatagramBuilder, { maxAgeMs, timestamps }: DiscardOptions): Discards {
  const builder = build();
  /** Notifications lost of each reason. */
  const lost = new Map<string, number>();
  let bootId = '';
  let sequence = 0;

  function follow(batch: DropBatch): number {
    const id = batch.bootId.toString('hex');
    if (id !== bootId) {
      bootId = id;
      sequence = 0;
      lost.clear();
    }
    for (const { name, overBound, ringFull } of batch.reasons) lost.set(name, overBound + ringFull);
    let sum = batch.missed;
    for (const count of lost.values()) sum += count;
    return sum;
  }

  return {
    builder,
    add(batch, now, tally, finish) {
      const drops = follow(batch);
      const baseMs = Number(batch.baseTimeNs / 1_000_000n);
      for (const drop of batch.drops) {
        const reason = batch.reasons[drop.reason];
        if (!reason) {
          tally.stray++;
          continue;
        }
        sequence++;
        if (now - (baseMs + drop.timeOffsetNs / 1e6) > maxAgeMs) {
          tally.stale++;
          continue;
        }
        const sample: DiscardSample = {
          sequence,
          drops,
          input: drop.inputIfIndex,
          // The interface that had the packet is where it was about to leave, unless it came in there.
          output: drop.ifIndex === drop.inputIfIndex ? 0 : drop.ifIndex,
          reason: reason.name,
          headerProtocol: drop.header.length === 0 ? null : headerProtocolOf(drop.linkType, drop.etherType),
          wireBytes: Math.round(drop.bytes / Math.max(1, drop.segments)),
          header: drop.header,
          headerOffset: 0,
          headerLength: drop.header.length,
          timestampNs: timestamps ? batch.baseTimeNs + BigInt(drop.timeOffsetNs) : null,
        };
        if (!builder.addDiscard(sample)) {
          finish(builder);
          builder.addDiscard(sample);
        }
        tally.discardSamples++;
      }
    },
  };
}
