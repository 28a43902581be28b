// Rows of drops and drop_samples, out of one message of tcxflow.drops.v1.

import { createDecodedHeader, decodeHeader } from '@tcxflow/packet/decode.ts';
import type { Drop, DropBatch } from '@tcxflow/schemas/generated.ts';
import { addressText, timeText } from './text.ts';

const decoded = createDecodedHeader();

/** Rows of drops: the state of each reason that the batch tells. */
export function dropRows({ baseTimeNs, agent, bootId, batchSequence, missed, reasons }: DropBatch): object[] {
  const common = { time: timeText(baseTimeNs), agent, bootId: bootId.toString('hex'), batchSequence, missed };
  return reasons.map(({ name, ...state }) => ({ ...common, reason: name, ...state }));
}

/**
 * Rows of drop_samples.
 * @throws {RangeError} a drop names a reason that its batch lacks
 */
export function dropSampleRows({ baseTimeNs, agent, bootId, batchSequence, reasons, drops }: DropBatch): object[] {
  const common = { agent, bootId: bootId.toString('hex'), batchSequence };
  return drops.map(({ timeOffsetNs, reason, header, ...drop }) => {
    const state = reasons[reason];
    if (!state) throw new RangeError(`drop of reason ${reason} of ${reasons.length}`);
    return {
      time: timeText(baseTimeNs + BigInt(timeOffsetNs)),
      ...common,
      reason: state.name,
      ...drop,
      ...whoTalks(header, drop),
      header: header.toString('hex'),
    };
  });
}

/** Between whom the packet was; zeros where the header does not say. */
function whoTalks(header: Buffer, { linkType, etherType, bytes }: Pick<Drop, 'linkType' | 'etherType' | 'bytes'>) {
  decodeHeader(header, 0, header.length, linkType, etherType, bytes, decoded);
  const { srcAddress, dstAddress, protocol, srcPort, dstPort, tcpFlags, icmpType, icmpCode } = decoded;
  const icmp = protocol === 1 || protocol === 58;
  return {
    srcAddress: addressText(srcAddress),
    dstAddress: addressText(dstAddress),
    protocol,
    srcPort,
    dstPort: icmp ? icmpType * 256 + icmpCode : dstPort,
    tcpFlags,
  };
}
