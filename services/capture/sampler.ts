// Samples the interfaces that the rules choose, in every network namespace that they name, and follows what changes there.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Component, Fail } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import type { OwnEndpoint } from 'libbpf-ts/capture.ts';
import type { BatchBuilder, PointState } from './batch-builder.ts';
import { type CaptureConfig, numberedRules } from './config.ts';
import type { SamplerMetrics } from './metrics.ts';
import type { Namespace } from './namespace.ts';
import { createNamespaceSet } from './namespace-set.ts';
import { createPointList } from './point-list.ts';
import { createRateControl } from './rate-control.ts';

export interface Sampler extends Component {
  /** The namespaces, with what is sampled in each. */
  namespaces(): readonly Namespace[];
  /** Takes the rules of a changed configuration. */
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
/** The kernel may take its time over many interfaces: sampling has begun long before it is through. */
const START_WAIT_MS = 2000;
/** Nothing is sampled from the first moment on; this is for what is just passing a hook. */
const DETACH_WAIT_MS = 250;
const STOP_WAIT_MS = 5000;
const PRUNE_MS = 10_000;
/** Who starts to read the topic knows all names after this, however long ago something changed. */
const REPEAT_METADATA_MS = 3_600_000;

export function createSampler(options: SamplerOptions): Sampler {
  const { config, builder, log } = options;
  const points = createPointList();
  options.metrics.exposeCounters(() => points.states());
  const problems = throttled(10_000);
  let paused = false;
  let ownEndpoints: readonly OwnEndpoint[] = [];
  let lingerTimer: NodeJS.Timeout | undefined;
  const timers: NodeJS.Timeout[] = [];
  let quiescing: Promise<void> | undefined;
  let detached: Promise<unknown> = Promise.resolve();
  const namespaces = createNamespaceSet({
    config,
    builder,
    points,
    onMetadata: options.onMetadata,
    onOpen: ({ capture }) => capture.setPaused(paused),
    log,
  });

  /** What a timer does must not end the process; the next round tries again. */
  function attempt(doing: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      problems((skipped) => log.warn({ err: error, doing, skipped }, 'failed; trying again'));
    }
  }

  function follow(): void {
    attempt('following the network namespaces', () => namespaces.follow());
    for (const namespace of namespaces.all())
      attempt(`following the interfaces${namespace.netns ? ` of ${namespace.netns}` : ''}`, () => namespace.follow());
    attempt('telling own traffic apart', applyOwn);
  }

  const appliedOwn = new WeakMap<Namespace, string>();
  function applyOwn(): void {
    for (const namespace of namespaces.all()) {
      const addresses = namespace.localAddresses();
      const text = JSON.stringify([ownEndpoints, addresses]);
      if (text === appliedOwn.get(namespace)) continue;
      namespace.capture.setOwn(ownEndpoints, addresses);
      appliedOwn.set(namespace, text);
    }
  }

  function every(ms: number, work: () => void): void {
    timers.push(setInterval(work, ms));
  }

  /** What `selected` was when a point's state was last told. */
  const told = new WeakMap<PointState, number>();
  /** So that silence is told from a quiet network, and a loss is seen though no sample follows it. */
  function tellStates(): void {
    if (paused) return;
    const all = points.all();
    const changed = all.filter((point) => {
      const { selected } = point.read();
      const before = told.get(point) ?? 0;
      told.set(point, selected);
      return selected !== before;
    });
    if (all.length > 0) builder.emitState(changed.length > 0 ? changed : all.slice(0, 1));
  }

  async function settle(): Promise<void> {
    await Promise.all(namespaces.all().map((namespace) => namespace.settled()));
    if (namespaces.all().every((namespace) => namespace.sampled().length === 0))
      log.warn(
        { rules: config.interfaces },
        'no interface is sampled: `tcxflow capture explain` says why; waiting for one',
      );
  }

  async function quiesce(): Promise<void> {
    for (const timer of timers) clearInterval(timer);
    const all = namespaces.all();
    detached = Promise.all(all.map((namespace) => namespace.detach()));
    await Promise.race([detached, sleep(DETACH_WAIT_MS)]);
    await Promise.all([namespaces.settled(), ...all.map(({ capture }) => capture.flush())]);
    const last = points.all();
    if (last.length > 0) builder.emitState(last);
    else builder.flush();
  }

  return {
    name: 'sampler',
    async start() {
      namespaces.open(numberedRules(config));
      lingerTimer = setInterval(
        () => {
          if (builder.waitingMs(Date.now()) >= config.lingerMs) builder.flush();
        },
        Math.max(1, config.lingerMs / 4),
      );
      every(FOLLOW_MS, follow);
      every(REPEAT_METADATA_MS, () => {
        for (const namespace of namespaces.all()) namespace.repeatMetadata();
      });
      every(PRUNE_MS, () => points.prune(Date.now()));
      every(config.countersIntervalMs, () => attempt('telling the state of the points', tellStates));
      const rateControl = createRateControl({
        config,
        namespaces: () => namespaces.all(),
        selected: () => points.states().reduce((sum, { selected }) => sum + selected, 0),
        metrics: options.metrics,
        log,
      });
      if (rateControl) every(1000, () => attempt('controlling the rates', () => rateControl.tick()));
      const settled = settle();
      settled.catch(() => undefined); // later than we wait: told when it happened
      await Promise.race([settled, sleep(START_WAIT_MS)]);
    },
    namespaces: () => namespaces.all(),
    setRules: (next) => namespaces.setRules(numberedRules(next)),
    setOwnEndpoints(endpoints) {
      ownEndpoints = endpoints;
      applyOwn();
    },
    setPaused(value) {
      paused = value;
      for (const { capture } of namespaces.all()) capture.setPaused(value);
    },
    quiesce: () => (quiescing ??= quiesce()),
    async stop(signal) {
      clearInterval(lingerTimer);
      await this.quiesce();
      // What the kernel still holds then, it lets go of when the process has ended.
      await Promise.race([detached, sleep(STOP_WAIT_MS, undefined, { signal }).catch(() => undefined)]);
      namespaces.close();
    },
  };
}
