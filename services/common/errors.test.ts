import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ConfigError, reportFatal, TcxflowError } from './errors.ts';

/** @returns exit code and what went to stderr */
function report(context: TestContext, error: unknown): [number, string] {
  let text = '';
  const write = context.mock.method(process.stderr, 'write', (chunk: string) => {
    text += chunk;
    return true;
  });
  const exitCode = reportFatal(error);
  write.mock.restore();
  return [exitCode, text];
}

test('what the operator can mend is printed with its code and hint, and without a stack', (context) => {
  const error = new TcxflowError('NO_INTERFACE', 'nothing matches eth9', { hint: 'there are: lo, eth0' });
  assert.deepEqual(report(context, error), [1, 'tcxflow: NO_INTERFACE: nothing matches eth9\n  there are: lo, eth0\n']);
  assert.deepEqual(report(context, new TcxflowError('X', 'no hint')), [1, 'tcxflow: X: no hint\n']);
});

test('the exit code is that of the error; 2 for a configuration', (context) => {
  assert.deepEqual(report(context, new TcxflowError('X', 'seven', { exitCode: 7 })), [7, 'tcxflow: X: seven\n']);
  const error = new ConfigError('kafka.partitions is 0', { hint: 'see --help', cause: new Error('inner') });
  assert.deepEqual([error.code, error.name, (error.cause as Error).message], ['CONFIG', 'ConfigError', 'inner']);
  assert.deepEqual(report(context, error), [2, 'tcxflow: CONFIG: kafka.partitions is 0\n  see --help\n']);
});

test('an error of another library with a hint has no stack either; a hint that is said already is not repeated', (context) => {
  const error = Object.assign(new Error('attaching: EPERM (run as root)'), {
    code: 'NOT_PERMITTED',
    hint: 'run as root',
  });
  assert.deepEqual(report(context, error), [1, 'tcxflow: NOT_PERMITTED: attaching: EPERM (run as root)\n']);
  const missing = Object.assign(new Error('no Java'), { code: 'MISSING', hint: 'run: npm run setup', exitCode: 3 });
  assert.deepEqual(report(context, missing), [3, 'tcxflow: MISSING: no Java\n  run: npm run setup\n']);
});

test('what nobody foresaw is printed with its stack', (context) => {
  const [exitCode, text] = report(context, new TypeError('x is undefined'));
  assert.equal(exitCode, 1);
  assert.match(text, /^tcxflow: TypeError: x is undefined\n {4}at .*errors\.test\.ts/);
  assert.deepEqual(report(context, 'just text'), [1, 'tcxflow: just text\n']);
});
