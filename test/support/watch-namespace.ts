// Follows the interfaces of a namespace as capture does, at 1:1 and without Kafka.

import type { TestContext } from 'node:test';
import { createBatchBuilder } from '@tcxflow/capture/batch-builder.ts';
import { captureSection, numberedRules } from '@tcxflow/capture/config.ts';
import { type Namespace, openNamespace } from '@tcxflow/capture/namespace.ts';
import { createPointList, type PointList } from '@tcxflow/capture/point-list.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import type { InterfaceMetadata, SampleBatch } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { readClockOffset } from 'libbpf-ts/links.ts';

export interface Watched {
  namespace: Namespace;
  points: PointList;
  metadata: InterfaceMetadata[];
  /** Samples by interface name. */
  samples(): Promise<Record<string, number>>;
  /** Sequence numbers of the samples of ingress by interface index, in order of arrival. */
  sequences(): Promise<Map<number, number[]>>;
  setRules(...rules: object[]): Promise<void>;
}

/** @param given rules */
export async function watchNamespace(t: TestContext, netns: string, ...given: object[]): Promise<Watched> {
  const batches: SampleBatch[] = [];
  const metadata: InterfaceMetadata[] = [];
  const identity = { agent: 'test', agentAddress: Buffer.alloc(16), bootId: Buffer.alloc(16) };
  const emit = (message: Buffer) => batches.push(sampleBatchCodec.decode(message));
  const builder = createBatchBuilder({ identity, batchSamples: 512, readClock: readClockOffset, emit });
  const points = createPointList();
  const parse = (rules: object[]) =>
    captureSection.parse({ interfaces: rules.map((rule) => ({ netns, rate: 1, ...rule })) });
  const config = parse(given);
  const namespace = openNamespace({
    netns,
    number: 0,
    rules: numberedRules(config),
    config,
    builder,
    points,
    onMetadata: (news) => metadata.push(...news),
    log: quietLog,
  });
  const timer = setInterval(() => namespace.follow(), 100);
  t.after(async () => {
    clearInterval(timer);
    await namespace.detach();
    namespace.close();
  });
  await namespace.settled();
  return {
    namespace,
    points,
    metadata,
    async setRules(...rules) {
      namespace.setRules(numberedRules(parse(rules)));
      await namespace.settled();
    },
    async sequences() {
      await namespace.capture.flush();
      builder.flush();
      const all = new Map<number, number[]>();
      for (const { sources, samples } of batches.splice(0))
        for (const { source, sequence } of samples) {
          const { ifIndex = 0, direction } = sources[source] ?? {};
          if (direction === 'ingress') all.set(ifIndex, [...(all.get(ifIndex) ?? []), sequence]);
        }
      return all;
    },
    async samples() {
      await namespace.capture.flush();
      builder.flush();
      const counts: Record<string, number> = {};
      for (const { sources, samples } of batches.splice(0))
        for (const { source } of samples) {
          const name = sources[source]?.ifName ?? '';
          counts[name] = (counts[name] ?? 0) + 1;
        }
      return counts;
    },
  };
}
