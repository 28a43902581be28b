// A component starts and stops; a process starts its components in order and stops them in reverse.

import type { Logger } from './logger.ts';

export interface Component {
  readonly name: string;
  start(): Promise<void> | void;
  /** Stop the intake, drain, flush, commit, leave. `signal` fires when the deadline is over. */
  stop(signal: AbortSignal): Promise<void> | void;
}

export interface RunOptions {
  log: Logger;
  deadlineMs: number;
  /** Called when everything is up. */
  onReady?: () => void;
}

/** Rejects the run from inside a component that cannot go on. */
export type Fail = (error: unknown) => void;

/**
 * Runs until SIGTERM, SIGINT, the end of the parent (with TCXFLOW_PARENT=stdin), or a component's failure.
 * A second signal ends at once.
 * @returns the exit code
 */
export async function runComponents(build: (fail: Fail) => Component[], options: RunOptions): Promise<number> {
  const { log } = options;
  const end = Promise.withResolvers<{ reason: string; error?: unknown }>();
  const onSignal = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    end.resolve({ reason: signal });
    process.once(signal, () => process.exit(130));
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  if (process.env.TCXFLOW_PARENT === 'stdin') {
    process.stdin.on('error', () => end.resolve({ reason: 'parent gone' }));
    process.stdin.on('close', () => end.resolve({ reason: 'parent gone' }));
    process.stdin.resume();
  }

  const started: Component[] = [];
  let exitCode = 0;
  try {
    let stopEarly = false;
    for (const component of build((error) => end.resolve({ reason: 'failure', error }))) {
      started.push(component);
      const up = Promise.resolve(component.start()).then(() => false);
      stopEarly = await Promise.race([up, end.promise.then(() => true)]);
      if (stopEarly) break;
    }
    if (!stopEarly) options.onReady?.();
    const { reason, error } = await end.promise;
    if (error) throw error;
    log.debug({ reason }, 'stop asked for');
  } catch (error) {
    log.error({ err: error }, 'failed');
    exitCode = (error as { exitCode?: number }).exitCode ?? 1;
  }

  const deadline = AbortSignal.timeout(options.deadlineMs);
  const expired = new Promise<'expired'>((resolve) => deadline.addEventListener('abort', () => resolve('expired')));
  for (const component of started.reverse()) {
    const stopped = Promise.resolve(component.stop(deadline)).catch((error: unknown) => {
      log.error({ err: error, component: component.name }, 'stopping failed');
      exitCode ||= 1;
    });
    if ((await Promise.race([stopped, expired])) === 'expired') {
      log.error({ component: component.name, deadlineMs: options.deadlineMs }, 'not stopped within the deadline');
      exitCode ||= 1;
    }
  }
  // An open stdin would keep the process.
  if (process.env.TCXFLOW_PARENT === 'stdin') process.stdin.destroy();
  log.info({ exitCode }, 'stopped');
  return exitCode;
}
