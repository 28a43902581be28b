// One SampleBatch message in, at most one DecodedBatch message per output partition out. Pure, and a function of its input and
// the enricher's tables: a batch that is decoded again gives messages of the same samples, which readers know by their source
// offset.

import { createMinuteCounter } from '@tcxflow/common/minutes.ts';
import { forEachSample, type RawBatch, type SampleView } from '@tcxflow/common/raw-batch.ts';
import { createDecodedHeader, type DecodedHeader, decodeHeader, decoderVersion } from '@tcxflow/packet/decode.ts';
import { flowHash } from '@tcxflow/packet/flow-hash.ts';
import { writeLong } from '@tcxflow/schemas/binary.ts';
import type { SourceState } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec } from '@tcxflow/schemas/topics.ts';
import { createApplicationEncoder } from './application-encoder.ts';
import type { Enricher } from './enrich/enricher.ts';
import { createSampleSink, type SampleFacts, type SampleSink, writeSample } from './sample-writer.ts';

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

export interface DecodedMessage {
  partition: number;
  value: Buffer;
}

export interface MessageDecoder {
  /**
   * @param batch of the message, as openRawBatch gave it
   * @throws {SchemaError} the message is not what its schema says; nothing is tallied then
   */
  decode(message: Buffer, batch: RawBatch, position: SourcePosition, tally: DecodeTally): DecodedMessage[];
  /** Of the last message: start of the minute in ms since 1970 → samples. */
  minutes(): ReadonlyMap<number, number>;
}

const { encodeHead, encodeTail } = decodedBatchCodec.split('samples');
const COUNT_BYTES_MAX = 10;
const NO_TABLES = { networks: [], autonomousSystems: [] };
const NO_AGENT = { agentHostname: '', agentRole: '', agentSite: '', agentRegion: '', agentTenant: '' };
const NO_INTERFACE = { ifAlias: '', ifConnectivity: '', ifProvider: '', ifBoundary: '' };

export interface MessageDecoderOptions {
  /** Of the decoded samples. */
  partitions: number;
  /** undefined: nothing is looked up. */
  enricher?: Enricher | undefined;
  /** Keep what payloads tell of their application. */
  application?: boolean;
  /** Of createTunnelPorts(); undefined: the assigned ones. */
  tunnelPorts?: Uint8Array | undefined;
}

export function createMessageDecoder({
  partitions,
  enricher,
  application = false,
  tunnelPorts,
}: MessageDecoderOptions): MessageDecoder {
  const applicationOf = application ? createApplicationEncoder() : undefined;
  const header = createDecodedHeader();
  /** By partition, made for the first sample that goes there. */
  const sinks: (SampleSink | undefined)[] = [];
  const facts: SampleFacts = {
    ipBytes: 0,
    srcNetwork: 0,
    dstNetwork: 0,
    srcAs: 0,
    dstAs: 0,
    srcCountry: 0,
    dstCountry: 0,
  };
  let samples = 0;
  const minutes = createMinuteCounter();
  const stops: DecodeTally['stops'] = [0, 0, 0, 0];

  function begin(): void {
    for (const sink of sinks) {
      if (!sink) continue;
      sink.length = 0;
      sink.samples = 0;
    }
    samples = 0;
    stops.fill(0);
  }

  function enrich(looksUp: Enricher): void {
    let entry = looksUp.address(header.srcAddress, 0);
    facts.srcNetwork = looksUp.network(entry);
    facts.srcAs = looksUp.autonomousSystem(entry);
    facts.srcCountry = looksUp.country(entry);
    entry = looksUp.address(header.dstAddress, 0);
    facts.dstNetwork = looksUp.network(entry);
    facts.dstAs = looksUp.autonomousSystem(entry);
    facts.dstCountry = looksUp.country(entry);
  }

  function anonymize(anonymizer: Enricher): void {
    anonymizer.anonymize(header.srcAddress, 0);
    anonymizer.anonymize(header.dstAddress, 0);
    anonymizer.anonymize(header.outerSrcAddress, 0);
    anonymizer.anonymize(header.outerDstAddress, 0);
  }

  function decodeSample(message: Buffer, source: SourceState, raw: SampleView): void {
    const frameBytes = Math.round(raw.wireBytes / Math.max(1, raw.segments));
    decodeHeader(
      message,
      raw.headerAt,
      raw.headerBytes,
      source.linkType,
      raw.etherType,
      frameBytes,
      header,
      tunnelPorts,
    );
    samples += raw.sampleCount;
    stops[header.stop as 0 | 1 | 2 | 3] += raw.sampleCount;
    minutes.add(raw.timeOffsetNs, raw.sampleCount);
    // By the addresses as they were: which worker has a flow must not depend on a key.
    const partition = flowHash(header) % partitions;
    facts.ipBytes = ipBytes(raw, header);
    if (enricher?.looksUpAddresses) enrich(enricher);
    if (enricher?.anonymizes) anonymize(enricher);
    let sink = sinks[partition];
    if (!sink) {
      sink = createSampleSink();
      sinks[partition] = sink;
    }
    writeSample(sink, raw, header, facts, applicationOf?.(message, header));
  }

  /** Head and tail are the same in every partition. */
  function messages(batch: RawBatch, position: SourcePosition): DecodedMessage[] {
    const head = encodeHead({
      agent: batch.agent,
      agentAddress: batch.agentAddress,
      bootId: batch.bootId,
      batchSequence: batch.batchSequence,
      decoderVersion,
      sourcePartition: position.partition,
      sourceOffset: position.offset,
      baseTimeNs: batch.baseTimeNs,
      sources: batch.sources.map(({ ifIndex, ifName, direction }) => ({
        ifIndex,
        ifName,
        direction,
        ...(enricher?.interface(ifIndex, ifName) ?? NO_INTERFACE),
      })),
    });
    const tail = encodeTail({ ...(enricher?.agent() ?? NO_AGENT), ...(enricher?.tables() ?? NO_TABLES) });
    const result: DecodedMessage[] = [];
    // One buffer for all: over many partitions messages are small.
    let bytesMax = 0;
    for (const sink of sinks)
      if (sink && sink.samples > 0) bytesMax += head.length + COUNT_BYTES_MAX + sink.length + 1 + tail.length;
    const all = Buffer.allocUnsafeSlow(bytesMax);
    let at = 0;
    for (const [partition, sink] of sinks.entries()) {
      if (!sink || sink.samples === 0) continue;
      const end = join(all, at, head, sink, tail);
      result.push({ partition, value: all.subarray(at, end) });
      at = end;
    }
    return result;
  }

  return {
    decode(message, batch, position, tally) {
      begin();
      minutes.begin(batch.baseTimeNs);
      enricher?.startBatch(batch.agent, batch.bootId, batch.baseTimeNs);
      forEachSample(message, batch, (raw) => decodeSample(message, batch.sources[raw.source] as SourceState, raw));
      tally.samples += samples;
      for (const index of stops.keys()) tally.stops[index as 0 | 1 | 2 | 3] += stops[index as 0 | 1 | 2 | 3];
      return samples === 0 ? [] : messages(batch, position);
    },
    minutes: () => minutes.counts(),
  };
}

/** An Avro array is a count, as many items, and a zero. @returns the offset behind the message */
function join(into: Buffer, from: number, head: Buffer, sink: SampleSink, tail: Buffer): number {
  let at = from + head.copy(into, from);
  at = writeLong(into, at, sink.samples);
  at += sink.bytes.copy(into, at, 0, sink.length);
  into[at++] = 0;
  return at + tail.copy(into, at);
}

/**
 * The header of a GSO buffer states the length of all its segments together: take their frames without L2 instead. So with a segment
 * of one that came as sFlow, whose header states more than its frame has.
 */
function ipBytes(raw: SampleView, header: DecodedHeader): number {
  if (header.ipBytes === 0) return 0;
  const withoutL2 = Math.max(0, raw.wireBytes - raw.segments * header.l2Bytes);
  return raw.segments > 1 ? withoutL2 : Math.min(header.ipBytes, withoutL2);
}
