// One SampleBatch in, at most one DecodedBatch per output partition out. Pure, and a function of its input alone:
// a batch that is decoded again gives the same messages, which readers know by their source offset.

import { createDecodedHeader, decodeHeader, decoderVersion } from '@tcxflow/packet/decode.ts';
import { flowHash } from '@tcxflow/packet/flow-hash.ts';
import type { DecodedBatch, DecodedSample, RawSample, SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';

/** Where the raw batch stood. */
export interface SourcePosition {
  partition: number;
  offset: number;
}

export interface DecodeTally {
  samples: number;
  /** By stop reason: complete, truncated, malformed, unsupported. */
  stops: [number, number, number, number];
}

const header = createDecodedHeader();

/**
 * @returns output partition → batch
 * @throws {RangeError} a sample without its source; nothing is tallied then
 */
export function decodeBatch(
  batch: SampleBatch,
  position: SourcePosition,
  partitions: number,
  tally: DecodeTally,
): Map<number, DecodedBatch> {
  const stray = batch.samples.find((sample) => !batch.sources[sample.source]);
  if (stray) throw new RangeError(`sample refers to source ${stray.source} of ${batch.sources.length}`);
  const outputs = new Map<number, DecodedBatch>();
  const sources = batch.sources.map(({ ifIndex, ifName, direction }) => ({ ifIndex, ifName, direction }));
  for (const raw of batch.samples) {
    const source = batch.sources[raw.source] as SourceState;
    const frameBytes = Math.round(raw.wireBytes / Math.max(1, raw.segments));
    decodeHeader(raw.header, 0, raw.header.length, source.linkType, raw.etherType, frameBytes, header);
    tally.samples += raw.sampleCount;
    tally.stops[header.stop as 0 | 1 | 2 | 3] += raw.sampleCount;
    const partition = flowHash(header) % partitions;
    let output = outputs.get(partition);
    if (!output) {
      output = {
        agent: batch.agent,
        agentAddress: batch.agentAddress,
        bootId: batch.bootId,
        batchSequence: batch.batchSequence,
        decoderVersion,
        sourcePartition: position.partition,
        sourceOffset: position.offset,
        baseTimeNs: batch.baseTimeNs,
        sources,
        samples: [],
      };
      outputs.set(partition, output);
    }
    output.samples.push(decodedSample(raw));
  }
  return outputs;
}

function decodedSample(raw: RawSample): DecodedSample {
  return {
    source: raw.source,
    sequence: raw.sequence,
    timeOffsetNs: raw.timeOffsetNs,
    samplingRate: raw.samplingRate,
    sampleCount: raw.sampleCount,
    segments: raw.segments,
    wireBytes: raw.wireBytes,
    ipBytes: ipBytes(raw),
    inputIfIndex: raw.inputIfIndex,
    outputIfIndex: raw.outputIfIndex,
    stop: header.stop,
    stopLayer: header.stopLayer,
    srcMac: header.srcMac,
    dstMac: header.dstMac,
    vlanId: header.vlanId,
    innerVlanId: header.innerVlanId,
    etherType: header.etherType,
    // The decoder reuses its address memory for the next packet.
    srcAddress: Buffer.from(header.srcAddress),
    dstAddress: Buffer.from(header.dstAddress),
    protocol: header.protocol,
    dscp: header.dscp,
    ecn: header.ecn,
    ttl: header.ttl,
    flowLabel: header.flowLabel,
    fragmentOffset: header.fragmentOffset,
    moreFragments: header.moreFragments,
    srcPort: header.srcPort,
    dstPort: header.dstPort,
    tcpFlags: header.tcpFlags,
    icmpType: header.icmpType,
    icmpCode: header.icmpCode,
  };
}

/** The header of a GSO buffer states the length of all its segments together: take their frames without L2 instead. */
function ipBytes(raw: RawSample): number {
  if (header.ipBytes === 0) return 0;
  return raw.segments > 1 ? Math.max(0, raw.wireBytes - raw.segments * header.l2Bytes) : header.ipBytes;
}
