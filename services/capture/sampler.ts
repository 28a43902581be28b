// Samples the interfaces that the rules choose, in every network namespace that they name, and follows what changes there.

import { TcxflowError } from '@tcxflow/common/errors.ts';
import type { Component, Fail } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import type { OwnEndpoint } from 'libbpf-ts/capture.ts';
import type { BatchBuilder, PointState } from './batch-builder.ts';
import { type CaptureConfig, numberedRules } from './config.ts';
import type { SamplerMetrics } from './metrics.ts';
import { type Namespace, openNamespace } from './namespace.ts';
import { createRateController } from './rate-controller.ts';

export interface Sampler extends Component {
  /** The namespaces, with what is sampled in each. */
  namespaces(): readonly Namespace[];
  points(): readonly PointState[];
  /** Takes the rules of a changed configuration; within the namespaces that were there at the start. */
  setRules(config: CaptureConfig): void;
  setOwnEndpoints(endpoints: readonly OwnEndpoint[]): void;
  /** Backpressure: samples wait in the ring, then the kernel counts them as lost. */
  setPaused(paused: boolean): void;
  /** Stops sampling, delivers what is in the ring and the last state of all points; counters can still be read. */
  quiesce(): Promise<void>;
}

export interface SamplerOptions {
  config: CaptureConfig;
  builder: BatchBuilder;
  onMetadata: (metadata: InterfaceMetadata[]) => void;
  metrics: SamplerMetrics;
  log: Logger;
  fail: Fail;
}

/** An interface that comes is sampled, and one that goes is let go of, this soon. */
const FOLLOW_MS = 200;

export function createSampler(options: SamplerOptions): Sampler {
  const { config, builder, log } = options;
  const namespaces: Namespace[] = [];
  const points: PointState[] = [];
  options.metrics.exposeCounters(points);
  const problems = throttled(10_000);
  let ownEndpoints: readonly OwnEndpoint[] = [];
  let lingerTimer: NodeJS.Timeout | undefined;
  let followTimer: NodeJS.Timeout | undefined;
  let quiesced = false;
  let controlTimer: NodeJS.Timeout | undefined;

  function open(): void {
    const byNetns = Map.groupBy(numberedRules(config), ({ rule }) => rule.netns);
    for (const [netns, rules] of byNetns)
      namespaces.push(
        openNamespace({
          netns,
          number: namespaces.length,
          rules,
          config,
          builder,
          onPoint: (point) => points.push(point),
          onMetadata: options.onMetadata,
          log,
        }),
      );
    const sampled = namespaces.flatMap((namespace) => namespace.sampled());
    if (sampled.length === 0)
      log.warn(
        { rules: config.interfaces },
        'no interface is sampled: `tcxflow capture explain` says why; waiting for one',
      );
  }

  /** What a timer does must not end the process; the next round tries again. */
  function attempt(doing: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      problems((skipped) => log.warn({ err: error, doing, skipped }, 'failed; trying again'));
    }
  }

  function follow(): void {
    for (const namespace of namespaces)
      attempt(`following the interfaces${namespace.netns ? ` of ${namespace.netns}` : ''}`, () => namespace.follow());
    attempt('telling own traffic apart', applyOwn);
  }

  /** Once a second: how many samples there were, and what that means for the rates. */
  function control(): void {
    const controller = createRateController(config.maxSamplesPerSecond);
    const factorGauge = options.metrics.rateFactor;
    let selected = 0;
    let factor = 1;
    controlTimer = setInterval(() => {
      const now = points.reduce((sum, point) => sum + point.read().selected, 0);
      const next = controller.update(now - selected);
      selected = now;
      if (next !== factor)
        log.info({ factor: next, ceiling: config.maxSamplesPerSecond }, 'rates changed to keep below the ceiling');
      factor = next;
      factorGauge.set(factor);
      for (const namespace of namespaces) attempt('changing the rates', () => namespace.setRateFactor(factor));
    }, 1000);
  }

  let appliedOwn = '';
  function applyOwn(): void {
    const addresses = namespaces.map((namespace) => namespace.localAddresses());
    const text = JSON.stringify([ownEndpoints, addresses]);
    if (text === appliedOwn) return;
    for (const [index, { capture }] of namespaces.entries()) capture.setOwn(ownEndpoints, addresses[index] ?? []);
    appliedOwn = text;
  }

  return {
    name: 'sampler',
    start() {
      open();
      lingerTimer = setInterval(
        () => {
          if (builder.waitingMs(Date.now()) >= config.lingerMs) builder.flush();
        },
        Math.max(1, config.lingerMs / 4),
      );
      followTimer = setInterval(follow, FOLLOW_MS);
      if (config.maxSamplesPerSecond > 0) control();
    },
    namespaces: () => namespaces,
    points: () => points,
    setRules(next) {
      const rules = numberedRules(next);
      const unknown = rules.find(({ rule }) => !namespaces.some(({ netns }) => netns === rule.netns));
      if (unknown)
        throw new TcxflowError(
          'RELOAD',
          `rule ${unknown.number} is for namespace ${unknown.rule.netns ?? 'of its own'}`,
          {
            hint: 'a further network namespace needs a restart',
          },
        );
      for (const namespace of namespaces)
        namespace.setRules(rules.filter(({ rule }) => rule.netns === namespace.netns));
    },
    setOwnEndpoints(endpoints) {
      ownEndpoints = endpoints;
      applyOwn();
    },
    setPaused(paused) {
      for (const { capture } of namespaces) capture.setPaused(paused);
    },
    async quiesce() {
      if (quiesced) return;
      quiesced = true;
      clearInterval(followTimer);
      clearInterval(controlTimer);
      for (const namespace of namespaces) namespace.detach();
      await Promise.all(namespaces.map(({ capture }) => capture.flush()));
      if (points.length > 0) builder.emitState(points);
      else builder.flush();
    },
    async stop() {
      clearInterval(lingerTimer);
      await this.quiesce();
      for (const namespace of namespaces) namespace.close();
    },
  };
}
