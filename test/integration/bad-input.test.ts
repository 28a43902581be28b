// What must not stop the pipeline, and what must stop it at once with words that help.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import { readRunFile } from '../../services/cli/clickhouse-access.ts';
import { needsRoot } from '../support/require-root.ts';
import { until } from '../support/until.ts';
import { makeDataDir, startUp, tcxflow } from '../support/up.ts';

const skip = needsRoot();
const services = ['capture', 'decode', 'aggregate', 'writer', 'sflow'];

function writeConfig(test: TestContext, text: string): string {
  const path = join(makeDataDir(test), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

test('messages nobody can decode go to the dead-letter topic, and the workers go on', { skip }, async (t) => {
  const run = startUp(t, ['--window', '2']);
  await run.until(/ask it yourself/);
  const broker = readRunFile(run.dataDir)?.brokers[0] ?? '';
  // kcat is librdkafka: another client than ours writes and reads.
  for (const topic of [topicNames.rawSamples, topicNames.decodedSamples, topicNames.flows, topicNames.counters])
    execFileSync('kcat', ['-b', broker, '-P', '-t', topic, '-p', '0', '-k', 'a-key'], { input: `junk for ${topic}` });
  const readDeadLetters = () => {
    const format = ['-f', '%k|%s|%h\\n'];
    const output = execFileSync('kcat', ['-b', broker, '-C', '-t', topicNames.deadLetter, '-e', '-q', ...format]);
    const lines = output.toString().trim().split('\n').filter(Boolean);
    return lines.length >= 4 ? lines.sort() : undefined;
  };
  const letters = await until('four dead letters', readDeadLetters);
  for (const [topic, stage] of [
    [topicNames.rawSamples, 'decode'],
    [topicNames.decodedSamples, 'aggregate'],
    [topicNames.flows, 'writer'],
    [topicNames.counters, 'writer'],
  ] as const) {
    const letter = letters.find((line) => line.startsWith(`a-key|junk for ${topic}|`)) ?? '';
    assert.match(letter, new RegExp(`tcxflow-stage=${stage}`), topic);
    assert.match(letter, /tcxflow-reason=SCHEMA_FRAME/, topic);
    assert.match(letter, new RegExp(`tcxflow-source=${topic}/0/\\d+`), topic);
  }
  const tool = (...words: string[]) =>
    spawnSync(process.execPath, [tcxflow, 'dead-letter', ...words, '--data-dir', run.dataDir], { encoding: 'utf8' });
  const ofDecode = () => tool('list', '--stage', 'decode').stdout.trim().split('\n').slice(1);
  const [junk = ''] = ofDecode();
  assert.match(junk, /^\d+\/\d+ .* decode +SCHEMA_FRAME +tcxflow\.raw-samples\.v1\/0\/\d+ /);
  const [id = ''] = junk.split(' ');
  assert.match(
    tool('show', id).stdout,
    /tcxflow-decoder-version +\d+\n[\s\S]*6a 75 6e 6b 20 66 6f 72 20 [\s\S]*junk for tcxflo/,
  );
  assert.match(tool('show', '0/999999').stderr, /NO_SUCH_LETTER/);
  // It is still junk, so that decode gives up on it once more: as another letter.
  assert.match(tool('replay', '--stage', 'decode', '--dry-run').stdout, /^would send/);
  assert.match(tool('replay', id).stdout, new RegExp(`^sent ${id} to tcxflow.raw-samples.v1/0 `));
  await until('a second letter', () => ofDecode().length === 2);
  assert.match(ofDecode()[0] ?? '', /sent again$/);
  assert.equal(tool('replay', id).stdout, '', 'once');
  const countFlows = () => {
    const query = 'SELECT count() FROM flows';
    return Number(execFileSync(process.execPath, [tcxflow, 'sql', '-f', 'TSV', '--data-dir', run.dataDir, query]));
  };
  const before = countFlows();
  await until('more flows', () => countFlows() > before);
  assert.doesNotMatch(run.said(), /starting it again/);
});

test('a configuration with a wrong key or value exits 2 and says which', (t) => {
  const path = writeConfig(t, 'decode:\n  concurency: 8\nkafka:\n  partitions: many\n');
  const { status, stderr } = spawnSync(process.execPath, [tcxflow, 'decode', '--config', path], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /decode\.concurency: no such key/);
  assert.match(stderr, /kafka\.partitions is "many": .*expected number/);
});

for (const service of services)
  test(`${service} checks and dumps its configuration without starting, and has a help text`, (t) => {
    const path = writeConfig(t, 'clickhouse:\n  password: hunter2\n');
    const run = (...args: string[]) =>
      execFileSync(process.execPath, [tcxflow, service, ...args], { encoding: 'utf8' });
    assert.equal(run('--config', path, '--check'), 'configuration is valid\n');
    const dumped = run('--config', path, '--dump');
    assert.match(dumped, /password: "?\*\*\*/);
    assert.doesNotMatch(dumped, /hunter2/);
    assert.match(run('--help'), new RegExp(`Usage: tcxflow ${service}[\\s\\S]*--config FILE`));
  });

test('an unknown command or option exits 2', () => {
  for (const args of [['serve'], ['up', '--intreface', 'eth0'], ['up', '--report', 'xml'], ['decode', '--chekc']])
    assert.equal(spawnSync(process.execPath, [tcxflow, ...args]).status, 2, args.join(' '));
});

test('without Kafka a service waits, says so once, and starts when it comes', { skip }, async (t) => {
  const dataDir = makeDataDir(t);
  const port = await choosePort(0);
  const metricsPort = await choosePort(0, [port]);
  const path = writeConfig(t, `kafka:\n  brokers: ["127.0.0.1:${port}"]\nhttp:\n  port: ${metricsPort}\n`);
  const child = spawn(process.execPath, [tcxflow, 'decode', '--config', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ready = async () => (await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status;
  await until('the line', () => log.includes('kafka does not answer yet; waiting for it'));
  await sleep(2500);
  assert.equal(log.match(/does not answer yet/g)?.length, 1, 'said once');
  assert.equal(await ready(), 503);
  const kafka = await startKafka({ dataDir, log: recordingLog(), port });
  t.after(() => kafka.stop());
  assert.deepEqual(kafka.brokers, [`127.0.0.1:${port}`]);
  await until('ready', async () => (await ready()) === 200);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, log);
});
