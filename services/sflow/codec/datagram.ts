// Collects samples into sFlow v5 datagrams (sFlow Version 5, section 5: sample_datagram_v5).
//
//   version 5, address type (1, 2), agent address (4 or 16 bytes), sub_agent_id, sequence, uptime, sample count
//   samples
//
// One buffer per builder, used again for every datagram; adding a sample allocates nothing.

import {
  ADDRESS_IPV4,
  ADDRESS_IPV6,
  DEFAULT_MAX_DATAGRAM_BYTES,
  DEFAULT_MAX_HEADER_BYTES,
  SFLOW_VERSION,
} from './constants.ts';
import { type CounterSample, MAX_COUNTER_SAMPLE_BYTES, writeCounterSample } from './counter-sample.ts';
import { type DiscardSample, maxDiscardSampleBytes, writeDiscardSample } from './discard-sample.ts';
import { type FlowSample, maxFlowSampleBytes, writeFlowSample } from './flow-sample.ts';
import { type HostSample, MAX_HOST_SAMPLE_BYTES, writeHostSample } from './host-sample.ts';
import { rewind, Sink, writeFixedOpaque, writeU32 } from './xdr-sink.ts';

export interface DatagramOptions {
  /** 16 bytes; ::ffff:a.b.c.d is an IPv4 agent. */
  agentAddress: Buffer;
  subAgentId: number;
  /** UDP payload bytes. */
  maxBytes?: number;
  /** Header bytes of a flow sample. */
  maxHeaderBytes?: number;
  /** Adds port_name (1005) to counters samples. */
  portName?: boolean;
}

const LONGEST_HEADER_BYTES = 40;
const IPV4_MAPPED_PREFIX = Buffer.from('00000000000000000000ffff', 'hex');

export class DatagramBuilder {
  readonly #sink: Sink;
  readonly #maxBytes: number;
  readonly #maxHeaderBytes: number;
  readonly #portName: boolean;
  /** Where sequence, uptime and count stand; the samples follow. */
  readonly #numbersAt: number;
  readonly #samplesAt: number;
  #count = 0;

  constructor(options: DatagramOptions) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_DATAGRAM_BYTES;
    this.#maxHeaderBytes = options.maxHeaderBytes ?? DEFAULT_MAX_HEADER_BYTES;
    this.#portName = options.portName ?? false;
    // Room for any sample alone, however small the maximum is: then "does not fit" always means "send first".
    const largestSample = Math.max(
      maxFlowSampleBytes(this.#maxHeaderBytes),
      maxDiscardSampleBytes(this.#maxHeaderBytes),
      MAX_COUNTER_SAMPLE_BYTES,
      MAX_HOST_SAMPLE_BYTES,
    );
    this.#sink = new Sink(Buffer.alloc(Math.max(this.#maxBytes, LONGEST_HEADER_BYTES + largestSample)));
    writeU32(this.#sink, SFLOW_VERSION);
    writeAgentAddress(this.#sink, options.agentAddress);
    writeU32(this.#sink, options.subAgentId);
    this.#numbersAt = this.#sink.offset;
    this.#samplesAt = this.#numbersAt + 12;
    rewind(this.#sink, this.#samplesAt);
  }

  /** Samples in it. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that finish() would give. */
  get bytes(): number {
    return this.#sink.offset;
  }

  /** False: it does not fit; finish and add it again. Never false when nothing is in it. */
  addFlow(sample: FlowSample): boolean {
    const start = this.#open();
    writeFlowSample(this.#sink, sample, this.#maxHeaderBytes);
    return this.#close(start);
  }

  /** False: it does not fit; finish and add it again. Never false when nothing is in it. */
  addCounters(sample: CounterSample): boolean {
    const start = this.#open();
    writeCounterSample(this.#sink, sample, this.#portName);
    return this.#close(start);
  }

  /**
   * One of the samples that a poll of the machine makes (hasHostSlot).
   * False: it does not fit; finish and add it again. Never false when nothing is in it.
   */
  addHost(sample: HostSample, slot: number): boolean {
    const start = this.#open();
    writeHostSample(this.#sink, sample, slot);
    return this.#close(start);
  }

  /**
   * For datagrams with nothing else in them: a collector that does not know discarded packets may lose all that follows.
   * False: it does not fit; finish and add it again. Never false when nothing is in it.
   */
  addDiscard(sample: DiscardSample): boolean {
    const start = this.#open();
    writeDiscardSample(this.#sink, sample, this.#maxHeaderBytes);
    return this.#close(start);
  }

  /**
   * Fills in the header and starts the next datagram.
   * @returns a view of the builder's buffer: send or copy it before the next sample is added (a socket that queues
   * keeps the view, not its bytes)
   */
  finish(sequence: number, uptimeMs: number): Buffer {
    const sink = this.#sink;
    const end = sink.offset;
    sink.limit = sink.buffer.length;
    rewind(sink, this.#numbersAt);
    writeU32(sink, sequence);
    writeU32(sink, uptimeMs);
    writeU32(sink, this.#count);
    this.#count = 0;
    return sink.buffer.subarray(0, end);
  }

  /** A sample bigger than the maximum goes alone (it is never split), so the first one may use the whole buffer. */
  #open(): number {
    this.#sink.limit = this.#count === 0 ? this.#sink.buffer.length : this.#maxBytes;
    return this.#sink.offset;
  }

  #close(start: number): boolean {
    if (this.#sink.overflow) {
      rewind(this.#sink, start);
      return false;
    }
    this.#count++;
    return true;
  }
}

function writeAgentAddress(sink: Sink, address: Buffer): void {
  if (address.length !== 16) throw new RangeError(`agent address has ${address.length} bytes, not 16`);
  const mapped = address.compare(IPV4_MAPPED_PREFIX, 0, 12, 0, 12) === 0;
  writeU32(sink, mapped ? ADDRESS_IPV4 : ADDRESS_IPV6);
  if (mapped) writeFixedOpaque(sink, address, 12, 4);
  else writeFixedOpaque(sink, address, 0, 16);
}
