// Files that may change while we run: looked at every few seconds, and at once on request. A file that cannot be used leaves
// the one before in use; that is said once, and counted. A missing or broken file never keeps the service from working.

import { readFile, stat } from 'node:fs/promises';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import type { SourceMetrics } from './metrics.ts';

export interface SourceFile {
  /** In logs and metrics. */
  name: string;
  path: string;
  maxBytes: number;
  /** Takes a new version into use. @throws {Error} when it cannot be used */
  load(content: Buffer): { entries: number; builtMs?: number; about?: object };
}

export interface SourceFiles extends Component {
  /** Reads all files, changed or not. */
  reload(): Promise<void>;
}

export interface SourceFilesOptions {
  files: readonly SourceFile[];
  pollMs: number;
  metrics: SourceMetrics;
  log: Logger;
}

const UNUSABLE = 'cannot be used; what was loaded before stays in use';

interface State {
  file: SourceFile;
  /** What was tried last, whether it could be used or not. */
  version: string;
  problem: string;
}

export function createSourceFiles({ files, pollMs, metrics, log }: SourceFilesOptions): SourceFiles {
  const states: State[] = files.map((file) => ({ file, version: '', problem: '' }));
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function look(state: State, always: boolean): Promise<void> {
    const { name: source, path, maxBytes } = state.file;
    let version = '';
    try {
      const read = await readChanged(path, maxBytes, always ? '' : state.version);
      version = read.version;
      if (read.content === undefined) return;
      const { entries, builtMs = read.modifiedMs, about } = state.file.load(read.content);
      state.problem = '';
      metrics.reloads.inc({ source, result: 'ok' });
      metrics.version.set({ source }, builtMs / 1000);
      metrics.entries.set({ source }, entries);
      metrics.stale.set({ source }, 0);
      log.info({ source, path, entries, built: new Date(builtMs).toISOString(), ...about }, 'loaded');
    } catch (error) {
      const { message } = error as Error;
      // A file that is missing is looked for every few seconds: said and counted when that is new.
      if (message === state.problem && !always && version === '') return;
      metrics.reloads.inc({ source, result: 'failed' });
      metrics.stale.set({ source }, 1);
      if (message !== state.problem) log.warn({ source, path, error: message, code: 'ENRICH_SOURCE' }, UNUSABLE);
      state.problem = message;
    } finally {
      // Of a file that could not be read there is no version: the next that can be is new.
      state.version = version;
    }
  }

  /** One after another: two versions of a large file at the same time are enough. */
  async function lookAtAll(always: boolean): Promise<void> {
    for (const state of states) await look(state, always);
  }

  async function reload(): Promise<void> {
    await running;
    running = lookAtAll(true);
    await running;
  }

  return {
    name: 'source files',
    reload,
    async start() {
      await reload();
      let busy = false;
      timer = setInterval(() => {
        if (busy) return;
        busy = true;
        void (running ?? Promise.resolve())
          .then(() => {
            running = lookAtAll(false);
            return running;
          })
          .finally(() => {
            busy = false;
          });
      }, pollMs);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** @returns without content when it is the version that is known */
async function readChanged(path: string, maxBytes: number, known: string) {
  const { mtimeMs: modifiedMs, size, ino, isFile } = await lookAt(path);
  const version = `${modifiedMs}/${size}/${ino}`;
  if (version === known) return { version, content: undefined, modifiedMs };
  if (!isFile) throw new Error('not a file');
  if (size > maxBytes) throw new Error(`${size} bytes: at most ${maxBytes}`);
  const content = await readFile(path);
  const after = await lookAt(path);
  // Somebody is writing it: it is read again next time.
  if (after.size !== size || after.mtimeMs !== modifiedMs || content.length !== size)
    throw new Error('changed while it was read');
  return { version, content, modifiedMs };
}

async function lookAt(path: string) {
  const found = await stat(path);
  return { mtimeMs: found.mtimeMs, size: found.size, ino: found.ino, isFile: found.isFile() };
}
