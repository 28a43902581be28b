// Which blocks of the decoder ran, from V8 itself.

import { Session } from 'node:inspector';

interface Range {
  startOffset: number;
  endOffset: number;
  count: number;
}

interface Script {
  url: string;
  functions: { ranges: Range[] }[];
}

export interface Coverage {
  /** @returns names of the blocks that ran since the last call */
  take(): Set<string>;
  stop(): void;
}

const DECODER = new URL('..', import.meta.url).href;
const OTHERS = /\/(testing|fuzz)\/|\.(test|bench)\.ts$/;

export function startCoverage(): Coverage {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    take() {
      const ran = new Set<string>();
      // Of this thread: the answer is there when post() returns.
      session.post('Profiler.takePreciseCoverage', (error, answer) => {
        if (error) throw error;
        for (const { url, functions } of answer.result as Script[]) {
          if (!url.startsWith(DECODER) || OTHERS.test(url)) continue;
          for (const { ranges } of functions)
            for (const { startOffset, endOffset, count } of ranges)
              if (count > 0) ran.add(`${url} ${startOffset} ${endOffset}`);
        }
      });
      return ran;
    },
    stop() {
      session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}
