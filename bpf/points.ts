// The maps' entries as the kernel programs read them (sample.h). Pure.

import type { Counters, OwnEndpoint, SamplingOptions } from './capture.ts';
import {
  Endpoint,
  POINT_FIB,
  POINT_L3,
  POINT_LOOPBACK,
  POINT_OWN,
  PointConfig,
  PointCounters,
  readU64,
} from './record.ts';

/** struct point_config; a direction that is not sampled has rate 0. */
export function encodePoint(options: SamplingOptions, enabled: boolean): Buffer {
  const { rate, headerBytes } = options;
  if (!Number.isInteger(rate) || rate < 1 || rate > 0xffffffff) throw new RangeError(`rate ${rate}: 1 to 4294967295`);
  if (!Number.isInteger(headerBytes) || headerBytes < 1 || headerBytes > 256)
    throw new RangeError(`headerBytes ${headerBytes}: 1 to 256`);
  const config = Buffer.alloc(PointConfig.SIZE);
  config.writeUInt32LE(enabled ? rate : 0, PointConfig.RATE);
  config.writeUInt32LE(headerBytes, PointConfig.HEADER_BYTES);
  const flags =
    (options.l3 ? POINT_L3 : 0) |
    (options.fib ? POINT_FIB : 0) |
    (options.skipOwn ? POINT_OWN : 0) |
    (options.loopback ? POINT_LOOPBACK : 0);
  config.writeUInt32LE(flags, PointConfig.FLAGS);
  const { mantissa, shift } = skipScale(rate);
  config.writeUInt32LE(mantissa, PointConfig.SKIP_MANTISSA);
  config.writeUInt32LE(shift, PointConfig.SKIP_SHIFT);
  config.writeUInt32LE(options.ownMark ?? 0, PointConfig.OWN_MARK);
  return config;
}

const EXPONENTIAL_BITS = 20;

/** -1 / ln(1 - 1/rate), by which the kernel program scales an exponential of 20 fractional bits: mantissa * 2^(20 - shift). */
export function skipScale(rate: number): { mantissa: number; shift: number } {
  if (rate === 1) return { mantissa: 0, shift: 0 }; // every packet: nothing is drawn
  const scale = -1 / Math.log1p(-1 / rate);
  const exponent = Math.floor(Math.log2(scale));
  return {
    mantissa: Math.min(0xffff_ffff, Math.round(scale * 2 ** (31 - exponent))),
    shift: EXPONENTIAL_BITS + 31 - exponent,
  };
}

/** struct endpoint */
export function encodeEndpoint({ address, port, protocol }: OwnEndpoint): Buffer {
  const endpoint = Buffer.alloc(Endpoint.SIZE);
  address.copy(endpoint, Endpoint.ADDRESS, 0, 16);
  endpoint.writeUInt16BE(port, Endpoint.PORT);
  endpoint.writeUInt8(protocol === 'tcp' ? 6 : 17, Endpoint.PROTOCOL);
  return endpoint;
}

/** @param bytes struct point_counters, summed over the CPUs */
export function readCounters(bytes: Buffer): Counters {
  return {
    packets: readU64(bytes, PointCounters.PACKETS),
    buffers: readU64(bytes, PointCounters.BUFFERS),
    bytes: readU64(bytes, PointCounters.BYTES),
    selected: readU64(bytes, PointCounters.SELECTED),
    ringFull: readU64(bytes, PointCounters.RING_FULL),
    copyFailed: readU64(bytes, PointCounters.COPY_FAILED),
    own: readU64(bytes, PointCounters.OWN),
    ownSelected: readU64(bytes, PointCounters.OWN_SELECTED),
  };
}

/** struct point_counters to begin with; the next choice is drawn anew. */
export function encodeCounters(counters?: Counters): Buffer {
  const bytes = Buffer.alloc(PointCounters.SIZE);
  if (!counters) return bytes;
  const write = (value: number, offset: number) => bytes.writeBigUInt64LE(BigInt(value), offset);
  write(counters.packets, PointCounters.PACKETS);
  write(counters.buffers, PointCounters.BUFFERS);
  write(counters.bytes, PointCounters.BYTES);
  write(counters.selected, PointCounters.SELECTED);
  write(counters.ringFull, PointCounters.RING_FULL);
  write(counters.copyFailed, PointCounters.COPY_FAILED);
  write(counters.own, PointCounters.OWN);
  write(counters.ownSelected, PointCounters.OWN_SELECTED);
  return bytes;
}
