// pino: JSON lines, or pretty on a terminal. Fields carry the numbers; messages are lower-case and constant.

import { type Logger, pino } from 'pino';
import type { CommonConfig } from './config.ts';

export type { Logger } from 'pino';

/** Logs go to stderr: stdout is for what a command answers. */
export function createLogger(config: CommonConfig['log'], service: string): Logger {
  const pretty = config.format === 'pretty' || (config.format === 'auto' && process.stderr.isTTY);
  const options = { level: config.level, name: service };
  if (!pretty) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino({
    ...options,
    transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } },
  });
}

/**
 * Lets one line through per interval and says how many were held back. Counters are never thinned, only lines.
 * @param clock ms that only go forward, unlike the wall clock's
 * @returns a function to log with
 */
export function throttled(
  intervalMs: number,
  clock = () => performance.now(),
): (write: (skipped: number) => void) => void {
  let nextAt = -Infinity;
  let skipped = 0;
  return (write) => {
    const now = clock();
    if (now < nextAt) {
      skipped++;
      return;
    }
    write(skipped);
    skipped = 0;
    nextAt = now + intervalMs;
  };
}
