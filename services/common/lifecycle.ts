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
  let signalled = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (signalled) process.exit(130);
    signalled = true;
    log.info({ signal }, 'stopping');
    end.resolve({ reason: signal });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
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

  const deadline = new AbortController();
  // A timer that holds the process: else it would end in the middle when nothing else does.
  const timer = setTimeout(() => deadline.abort(), options.deadlineMs);
  for (const component of started.reverse()) {
    const stopped = Promise.try(() => component.stop(deadline.signal)).catch((error: unknown) => {
      log.error({ err: error, component: component.name }, 'stopping failed');
      exitCode ||= 1;
    });
    if (!(await settles(stopped, deadline.signal))) {
      log.error({ component: component.name, deadlineMs: options.deadlineMs }, 'not stopped within the deadline');
      exitCode ||= 1;
    }
  }
  clearTimeout(timer);
  process.off('SIGTERM', onSignal);
  process.off('SIGINT', onSignal);
  // An open stdin would keep the process.
  if (process.env.TCXFLOW_PARENT === 'stdin') process.stdin.destroy();
  log.info({ exitCode }, 'stopped');
  return exitCode;
}

/** @returns false when the deadline came first; what ends at once counts as in time even then */
async function settles(work: Promise<void>, deadline: AbortSignal): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const onAbort = () => setImmediate(() => late.resolve(false));
  if (deadline.aborted) onAbort();
  else deadline.addEventListener('abort', onAbort, { once: true });
  const result = await Promise.race([work.then(() => true), late.promise]);
  deadline.removeEventListener('abort', onAbort);
  return result;
}
