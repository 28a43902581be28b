// Samples as items of the Avro array SampleBatch.samples, written straight from the datagram. The field order is that of
// schemas/sample-batch.v1.avsc; the tests read the result with avsc.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import type { Packet } from './packet-of.ts';

/** What a batch's samples are written to; used again for the next. */
export interface SampleSink {
  bytes: Buffer;
  view: DataView;
  length: number;
  count: number;
}

/** What of a sample is not in its packet. */
export interface SampleNumbers {
  /** Index into SampleBatch.sources. */
  source: number;
  sequence: number;
  timeOffsetNs: number;
  samplingRate: number;
  inputIfIndex: number;
  outputIfIndex: number;
}

/** Ten numbers of up to 10 bytes, and the header's length. */
const NUMBERS_BYTES_MAX = 11 * 10;
const FIRST_BYTES = 8 << 10;
/** An agent that once had much to say does not keep the room for it. */
const KEPT_BYTES_MAX = 256 << 10;
const WORD_BYTES = 8;

export function createSampleSink(): SampleSink {
  return { ...roomFor(0), length: 0, count: 0 };
}

export function clearSamples(sink: SampleSink): void {
  sink.length = 0;
  sink.count = 0;
  if (sink.bytes.length > KEPT_BYTES_MAX) Object.assign(sink, roomFor(0));
}

export function writeSample(sink: SampleSink, numbers: SampleNumbers, packet: Packet): void {
  const { headerBytes } = packet;
  if (sink.length + NUMBERS_BYTES_MAX + headerBytes > sink.bytes.length) grow(sink, headerBytes);
  const { bytes } = sink;
  let to = writeLong(bytes, sink.length, numbers.source);
  to = writeLong(bytes, to, numbers.sequence);
  to = writeLong(bytes, to, numbers.timeOffsetNs);
  to = writeLong(bytes, to, numbers.samplingRate);
  to = writeLong(bytes, to, 1); // sampleCount
  to = writeLong(bytes, to, 1); // segments
  to = writeLong(bytes, to, packet.wireBytes);
  to = writeLong(bytes, to, packet.etherType);
  to = writeLong(bytes, to, numbers.inputIfIndex);
  to = writeLong(bytes, to, numbers.outputIfIndex);
  to = writeLong(bytes, to, headerBytes);
  copy(packet.view, packet.headerAt, sink.view, to, headerBytes);
  sink.length = to + headerBytes;
  sink.count++;
}

/** In words: at 128 bytes half the time of Buffer.copy. */
function copy(from: DataView, at: number, to: DataView, toAt: number, bytes: number): void {
  const words = bytes - (bytes % WORD_BYTES);
  for (let done = 0; done < words; done += WORD_BYTES)
    to.setBigInt64(toAt + done, from.getBigInt64(at + done, true), true);
  for (let done = words; done < bytes; done++) to.setUint8(toAt + done, from.getUint8(at + done));
}

function grow(sink: SampleSink, headerBytes: number): void {
  const { bytes, length } = sink;
  Object.assign(sink, roomFor(Math.max(2 * bytes.length, length + NUMBERS_BYTES_MAX + headerBytes)));
  bytes.copy(sink.bytes, 0, 0, length);
}

function roomFor(bytesMin: number): Pick<SampleSink, 'bytes' | 'view'> {
  const bytes = Buffer.alloc(Math.max(FIRST_BYTES, bytesMin));
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
