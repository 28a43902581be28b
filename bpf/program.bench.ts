// ns per packet of the kernel programs (BPF_PROG_TEST_RUN, the empty program's time deducted), beside the usual way of
// sampling. Needs root.

import { fileURLToPath } from 'node:url';
import { type Measurement, summarize } from '../test/bench/measure.ts';
import { openCapture } from './capture.ts';
import { native } from './native.ts';

const LOOPBACK_IFINDEX = 1;
const REPEAT = 1_000_000;
const SAMPLED_REPEAT = 15_000; // fits the ring: nobody reads it meanwhile
const RUNS = 15;
const RING_BYTES = 8 << 20;
const reference = fileURLToPath(new URL('bench/reference.bpf.o', import.meta.url));

/** An IPv4/UDP frame; of what lies behind the headers nothing is read. */
function makeFrame(bytes: number): Buffer {
  const frame = Buffer.alloc(bytes);
  Buffer.from(
    '0200000000010200000000020800 4500002e000000004011 0000 c0000201c0000202 1388 0035'.replace(/ /g, ''),
    'hex',
  ).copy(frame);
  return frame;
}

/** The runs of all programs take turns, so that a busy moment of the machine hits them alike. */
function measureAll(frameBytes: number): Record<'null' | 'reference' | 'unsampled' | 'sampled', number[]> {
  const frame = makeFrame(frameBytes);
  const packet = { frame, ifIndex: LOOPBACK_IFINDEX };
  const results = {
    null: [] as number[],
    reference: [] as number[],
    unsampled: [] as number[],
    sampled: [] as number[],
  };
  const open = (rate: number) => {
    const capture = openCapture({
      ringBytes: RING_BYTES,
      tickMs: 1000,
      wakeBytes: RING_BYTES,
      onBatch: () => undefined,
    });
    capture.attach(LOOPBACK_IFINDEX, { rate, headerBytes: 128, directions: ['ingress'], fib: false });
    return capture;
  };
  for (let run = 0; run < RUNS; run++) {
    results.null.push(native().testRunObject(reference, 'null', frame, LOOPBACK_IFINDEX, REPEAT));
    results.reference.push(native().testRunObject(reference, 'reference', frame, LOOPBACK_IFINDEX, REPEAT));
    const unsampled = open(1_000_000);
    results.unsampled.push(unsampled.testRun('ingress', packet, REPEAT));
    unsampled.close();
    const sampled = open(1);
    results.sampled.push(sampled.testRun('ingress', packet, SAMPLED_REPEAT));
    sampled.close();
  }
  return results;
}

function net(times: number[], empty: number[]): Measurement {
  return summarize(
    times.map((time, run) => time - (empty[run] ?? 0)),
    'ns',
  );
}

const measured: { [frameBytes: number]: ReturnType<typeof measureAll> } = {};

function of(program: 'reference' | 'unsampled' | 'sampled', frameBytes: number): Measurement {
  measured[frameBytes] ??= measureAll(frameBytes);
  const results = measured[frameBytes] as ReturnType<typeof measureAll>;
  return net(results[program], results.null);
}

export const benchmarks: Record<string, () => Measurement> = {
  'bpf.unsampled_ns': () => of('unsampled', 64),
  'bpf.sampled_ns': () => of('sampled', 64),
  'bpf.reference_ns': () => of('reference', 64),
  'bpf.unsampled_1500_ns': () => of('unsampled', 1500),
  'bpf.sampled_1500_ns': () => of('sampled', 1500),
};
