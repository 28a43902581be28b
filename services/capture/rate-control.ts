// Looks at the load once a second and has the rates changed: see rate-controller.ts and error-controller.ts for how.

import type { Logger } from '@tcxflow/common/logger.ts';
import type { CaptureConfig } from './config.ts';
import { createErrorController, LOOK_SECONDS, type PointLoad } from './error-controller.ts';
import type { SamplerMetrics } from './metrics.ts';
import type { Namespace } from './namespace.ts';
import { createRateController } from './rate-controller.ts';

export interface RateControl {
  /** Call it every second. */
  tick(): void;
}

export interface RateControlOptions {
  config: CaptureConfig;
  namespaces: () => readonly Namespace[];
  /** Chosen so far, of all points. */
  selected: () => number;
  metrics: Pick<SamplerMetrics, 'rateFactor' | 'errorRatedPoints'>;
  log: Logger;
}

/** @returns undefined: nothing in the configuration asks for it */
export function createRateControl({ config, ...options }: RateControlOptions): RateControl | undefined {
  const { maxSamplesPerSecond, maxCpuPercent, wantedErrorPercent, wantedErrorMinMbps } = config;
  if (maxSamplesPerSecond === 0 && maxCpuPercent === 0 && wantedErrorPercent === 0) return undefined;
  const { namespaces, metrics, log } = options;
  const ceiling = createRateController({ samplesPerSecond: maxSamplesPerSecond, cpuPercent: maxCpuPercent });
  const errors =
    wantedErrorPercent > 0
      ? createErrorController({ wantedErrorPercent, minBitsPerSecond: wantedErrorMinMbps * 1e6 })
      : undefined;
  let seconds = 0;
  let selected = 0;
  let at = process.hrtime.bigint();
  let cpu = process.cpuUsage();
  let factor = 1;
  let ofPoints = new Map<string, number>();

  function load() {
    const now = process.hrtime.bigint();
    const nowCpu = process.cpuUsage();
    const nowSelected = options.selected();
    const elapsedS = Number(now - at) / 1e9;
    const result = {
      samplesPerSecond: (nowSelected - selected) / elapsedS,
      cpuPercent: (nowCpu.user + nowCpu.system - cpu.user - cpu.system) / 1e4 / elapsedS,
    };
    selected = nowSelected;
    at = now;
    cpu = nowCpu;
    return result;
  }

  function pointLoads(): Map<string, PointLoad> {
    const all = namespaces().flatMap((namespace) => {
      const prefix = `${namespace.netns ?? ''}/`;
      return [...namespace.loads()].map(([key, value]) => [prefix + key, value] as const);
    });
    return new Map(all);
  }

  function apply(): void {
    metrics.rateFactor.set(factor);
    metrics.errorRatedPoints.set(ofPoints.size);
    for (const namespace of namespaces()) {
      const prefix = `${namespace.netns ?? ''}/`;
      namespace.setRateFactors(
        (ifIndex, direction) => factor * (ofPoints.get(`${prefix}${ifIndex}/${direction}`) ?? 1),
      );
    }
  }

  return {
    tick() {
      const now = load();
      const next = ceiling.update(now);
      const looks = seconds++ % LOOK_SECONDS === 0;
      const nextOfPoints = looks && errors ? errors.update(pointLoads()) : ofPoints;
      const changed = next !== factor || !isSame(nextOfPoints, ofPoints);
      // Now and then in any case: a namespace that has come since has the rates of its rules.
      if (!changed && !(looks && (factor > 1 || ofPoints.size > 0))) return;
      if (next !== factor)
        log.info({ factor: next, ...now, maxSamplesPerSecond, maxCpuPercent }, 'all rates changed, for the ceilings');
      factor = next;
      ofPoints = nextOfPoints;
      apply();
    },
  };
}

function isSame(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
