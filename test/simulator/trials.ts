// Traffic whose truth is known, sampled at random many times, as flow records: what an interval promises is how often it has the
// truth. Pure; a seed repeats it.

import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { Flow } from '@tcxflow/schemas/generated.ts';
import { makeFlows } from '../support/flows.ts';

export type Shape = 'mice' | 'elephants' | 'bursts';

/** The rate changes in the middle of each trial. */
const RATES = [50, 100] as const;
const WINDOWS = 12;
export const WINDOW_MS = 10_000;
/** The mean of one sample's packets at the rates above: half of the packets at each. */
const PACKETS_PER_SAMPLE = 2 / (1 / RATES[0] + 1 / RATES[1]);
const LENGTHS = 997;

/** Frame lengths in the order in which the packets come, again and again. */
function lengthsOf(shape: Shape, random: Random): number[] {
  return Array.from({ length: LENGTHS }, (_, index) => {
    if (shape === 'mice') return 64 + random.below(300);
    // One of twenty is full and makes up more than half of the bytes.
    if (shape === 'elephants') return random.chance(5) ? 1514 : 64;
    // Buffers of 45 segments: full ones, and what is left.
    return index % 45 === 44 ? 64 + random.below(1450) : 1514;
  });
}

export interface Trials {
  flows: Flow[];
  /** Bytes and packets of each trial: the same for all. */
  bytes: number;
  packets: number;
}

/**
 * @param samples that a trial is to have on average
 * @param beginMs of the first window
 * @param network first byte of the trials' addresses: trial i sends to `network`.i.i.1, a /24 of its own
 */
export function makeTrials(
  shape: Shape,
  options: { trials: number; samples: number; beginMs: number; network: number; seed: number },
): Trials {
  const random = seededRandom(options.seed);
  const lengths = lengthsOf(shape, random);
  const windowPackets = Math.max(1, Math.round((options.samples * PACKETS_PER_SAMPLE) / WINDOWS));
  const template = makeFlows(1, options.beginMs)[0] as Flow;
  const flows: Flow[] = [];
  for (let trial = 0; trial < options.trials; trial++)
    for (let window = 0; window < WINDOWS; window++) {
      const rate = RATES[window < WINDOWS / 2 ? 0 : 1];
      const first = window * windowPackets;
      const flow = sampled(lengths, first, windowPackets, rate, random);
      if (flow.samples === 0) continue;
      const windowStart = options.beginMs + window * WINDOW_MS;
      const dstAddress = Buffer.from([...Array(10).fill(0), 255, 255, options.network, trial >> 8, trial & 255, 1]);
      const firstNs = BigInt(windowStart) * 1_000_000n;
      flows.push({
        ...{ ...template, ...flow, windowStart, windowMs: WINDOW_MS, agent: shape, dstAddress },
        ...{ firstNs, lastNs: firstNs + 1n },
      });
    }
  const packets = windowPackets * WINDOWS;
  let bytes = 0;
  for (let index = 0; index < packets; index++) bytes += lengths[index % LENGTHS] as number;
  return { flows, bytes, packets };
}

/** Each packet has its own chance; the distance to the next chosen one is drawn, as the kernel's programs do. */
function sampled(lengths: readonly number[], first: number, count: number, rate: number, random: Random) {
  const sums = { samples: 0, packets: 0, bytes: 0, ipBytes: 0, packetsVariance: 0, bytesVariance: 0 };
  const skip = () => Math.floor(Math.log((random.below(2 ** 32) + 1) / (2 ** 32 + 1)) / Math.log(1 - 1 / rate));
  for (let at = skip(); at < count; at += 1 + skip()) {
    const length = lengths[(first + at) % LENGTHS] as number;
    sums.samples++;
    sums.packets += rate;
    sums.bytes += rate * length;
    sums.packetsVariance += rate * (rate - 1);
    sums.bytesVariance += rate * (rate - 1) * length ** 2;
  }
  return { ...sums, ipBytes: sums.bytes };
}
