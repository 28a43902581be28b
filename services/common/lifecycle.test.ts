import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { ConfigError } from './errors.ts';
import { type Component, type Fail, runComponents } from './lifecycle.ts';

const signals = ['SIGTERM', 'SIGINT'] as const;
let events: string[] = [];
let listeners: NodeJS.SignalsListener[] = [];

beforeEach(() => {
  events = [];
  listeners = signals.flatMap((signal) => process.listeners(signal));
});

// A run leaves handlers that end the process; this one goes on.
afterEach(() => {
  for (const signal of signals)
    for (const listener of process.listeners(signal))
      if (!listeners.includes(listener)) process.removeListener(signal, listener);
});

/** Writes its starts and stops into events. */
function component(name: string, parts: Partial<Pick<Component, 'start' | 'stop'>> = {}): Component {
  return {
    name,
    async start() {
      events.push(`start ${name}`);
      await parts.start?.();
    },
    async stop(signal) {
      events.push(`stop ${name}`);
      await parts.stop?.(signal);
    },
  };
}

/** Runs with a logger that writes warnings and errors into events, and stops when all is up unless told otherwise. */
function run(build: (fail: Fail) => Component[], deadlineMs = 5000, onReady = () => terminate()): Promise<number> {
  const write = (line: string) => {
    const { msg, component: name, err } = JSON.parse(line) as { msg: string; component?: string; err?: Error };
    events.push([msg, name, err?.message].filter(Boolean).join(': '));
  };
  return runComponents(build, {
    log: pino({ level: 'warn' }, { write }),
    deadlineMs,
    onReady() {
      events.push('ready');
      onReady();
    },
  });
}

function terminate(signal: NodeJS.Signals = 'SIGTERM'): void {
  process.emit(signal, signal);
}

test('components start in order and stop in reverse, each when the one before is done', async () => {
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 10)).then(() => void events.push('done'));
  const exitCode = await run(() => [component('a', { start: slow }), component('b', { stop: slow }), component('c')]);
  assert.equal(exitCode, 0);
  assert.deepEqual(events, ['start a', 'done', 'start b', 'start c', 'ready', 'stop c', 'stop b', 'done', 'stop a']);
});

test('SIGINT ends a run as SIGTERM does', async () => {
  assert.equal(
    await run(
      () => [component('a')],
      5000,
      () => terminate('SIGINT'),
    ),
    0,
  );
  assert.deepEqual(events, ['start a', 'ready', 'stop a']);
});

test('a failed start stops what was started, itself included, and gives exit code 1', async () => {
  const fails = () => Promise.reject(new Error('no broker'));
  assert.equal(await run(() => [component('a'), component('b', { start: fails }), component('c')]), 1);
  assert.deepEqual(events, ['start a', 'start b', 'failed: no broker', 'stop b', 'stop a']);
});

test('a start that throws at once, and a build that throws, end the same way', async () => {
  const thrower: Component = {
    name: 'b',
    start() {
      throw new Error('at once');
    },
    stop: () => undefined,
  };
  assert.equal(await run(() => [component('a'), thrower]), 1);
  assert.deepEqual(events, ['start a', 'failed: at once', 'stop a']);
  events = [];
  const build = () => {
    throw new Error('no such plan');
  };
  assert.equal(await run(build), 1);
  assert.deepEqual(events, ['failed: no such plan']);
});

test('the exit code is that of the error', async () => {
  const fails = () => Promise.reject(new ConfigError('no interface matches'));
  assert.equal(await run(() => [component('a', { start: fails })]), 2);
});

test('a component that cannot go on ends the run', async () => {
  let fail: Fail = () => undefined;
  const build = (given: Fail) => {
    fail = given;
    return [component('a'), component('b')];
  };
  const exitCode = await run(build, 5000, () => setTimeout(() => fail(new Error('disk full')), 5));
  assert.equal(exitCode, 1);
  assert.deepEqual(events, ['start a', 'start b', 'ready', 'failed: disk full', 'stop b', 'stop a']);
});

test('a signal while a component still starts stops what is started; what follows never starts, nor is it ready', async () => {
  const never = () => {
    setTimeout(() => terminate(), 5);
    return new Promise<void>(() => undefined);
  };
  assert.equal(await run(() => [component('a'), component('b', { start: never }), component('c')]), 0);
  assert.deepEqual(events, ['start a', 'start b', 'stop b', 'stop a']);
});

test('a stop that fails is told, gives exit code 1, and the others are stopped all the same', async () => {
  const fails = () => Promise.reject(new Error('commit refused'));
  assert.equal(await run(() => [component('a'), component('b', { stop: fails })]), 1);
  assert.deepEqual(events.slice(3), ['stop b', 'stopping failed: b: commit refused', 'stop a']);
});

test('a component that does not stop is given up at the deadline, which it is told of', async (context) => {
  const socket = setInterval(() => undefined, 1000); // what hangs holds a handle; the deadline alone holds none
  context.after(() => clearInterval(socket));
  let aborted = false;
  const hangs = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return new Promise<void>(() => undefined);
  };
  const startedAt = performance.now();
  const exitCode = await run(() => [component('a'), component('b', { stop: hangs }), component('c')], 100);
  const tookMs = performance.now() - startedAt;
  assert.equal(exitCode, 1);
  assert.deepEqual(events.slice(4, 8), ['stop c', 'stop b', 'not stopped within the deadline: b', 'stop a']);
  assert.ok(aborted);
  assert.ok(tookMs >= 95 && tookMs < 2000, `${tookMs} ms`);
});

// What ends the process itself is watched from outside.
const program = `
  import { pino } from 'pino';
  import { runComponents } from ${JSON.stringify(new URL('lifecycle.ts', import.meta.url).href)};
  const timer = setInterval(() => {}, 1000);
  const hangs = process.env.HANGS === '1';
  const component = { name: 'a', start() {}, stop: () => (hangs ? new Promise(() => {}) : clearInterval(timer)) };
  const onReady = () => process.stdout.write('ready');
  process.exitCode = await runComponents(() => [component], { log: pino({ level: 'silent' }), deadlineMs: 10_000, onReady });
`;

function startProgram(context: TestContext, env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  return { child, ready: once(child.stdout, 'data'), ended: once(child, 'exit') };
}

test('a second signal ends the process at once', { timeout: 8000 }, async (context) => {
  const { child, ready, ended } = startProgram(context, { HANGS: '1' });
  await ready;
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(child.exitCode, null);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [130, null]);
});

test('with TCXFLOW_PARENT=stdin the end of the parent ends the run', { timeout: 8000 }, async (context) => {
  const { child, ready, ended } = startProgram(context, { TCXFLOW_PARENT: 'stdin' });
  await ready;
  child.stdin.end();
  assert.deepEqual(await ended, [0, null]);
});
