import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type EmbeddedKafka, randomClusterId, startKafka } from './kafka.ts';
import {
  connect,
  processesIn,
  readMessages,
  recordingLog,
  removeFolder,
  skipWithout,
  temporaryFolder,
} from './testing/engines.ts';

describe('the embedded Kafka', skipWithout('kafka'), () => {
  const dataDir = temporaryFolder();
  const log = recordingLog();
  const blocker = createServer();
  let taken = 0;
  let kafka: EmbeddedKafka;

  before(async () => {
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    taken = (blocker.address() as { port: number }).port;
    kafka = await startKafka({ dataDir, log, port: taken });
  });
  after(async () => {
    await kafka?.stop();
    blocker.close();
    removeFolder(dataDir);
  });

  test('chooses another port when the wanted one is taken, and says so', () => {
    assert.match(kafka.brokers[0] ?? '', /^127\.0\.0\.1:\d+$/);
    assert.notEqual(kafka.brokers[0], `127.0.0.1:${taken}`);
    assert.ok(log.lines.includes('info: kafka: port is taken, using another'), log.lines.join('\n'));
  });

  test('stores what is produced and gives it to a consumer group', async (context) => {
    const client = connect(kafka.brokers);
    const admin = client.admin();
    const producer = client.producer({ idempotent: true });
    await Promise.all([admin.connect(), producer.connect()]);
    context.after(() => Promise.all([admin.disconnect(), producer.disconnect()]));
    await admin.createTopics({ topics: [{ topic: 'greetings', numPartitions: 3 }], waitForLeaders: true });
    await producer.send({ topic: 'greetings', messages: [{ value: 'one' }, { value: 'two' }] });
    assert.deepEqual((await readMessages(client, 'greetings', 2, context)).sort(), ['one', 'two']);
  });

  test('does not make topics that nobody asked for', async (context) => {
    const client = connect(kafka.brokers);
    const admin = client.admin();
    const producer = client.producer({ retry: { retries: 0 }, allowAutoTopicCreation: true });
    await Promise.all([admin.connect(), producer.connect()]);
    context.after(() => Promise.all([admin.disconnect(), producer.disconnect()]));
    await assert.rejects(producer.send({ topic: 'mispelt', messages: [{ value: 'x' }] }), /does not host this topic/);
    assert.equal((await admin.listTopics()).includes('mispelt'), false);
  });

  test('a second start on the same folder is refused while the first runs', async () => {
    await assert.rejects(startKafka({ dataDir, log }), { code: 'EMBEDDED_IN_USE' });
  });

  test('stop leaves no process and no pid file, and the next start finds the topic again', async (context) => {
    const first = kafka;
    await first.stop();
    assert.deepEqual(processesIn(dataDir), []);
    assert.equal(existsSync(`${dataDir}/kafka/pid`), false);
    kafka = await startKafka({ dataDir, log, port: 0 });
    const messages = await readMessages(connect(kafka.brokers), 'greetings', 2, context);
    assert.deepEqual(messages.sort(), ['one', 'two']);
  });

  test('a start that fails quotes what Kafka said', async () => {
    await kafka.stop();
    rmSync(`${dataDir}/kafka/data/meta.properties`);
    await assert.rejects(startKafka({ dataDir, log, port: 0 }), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'EMBEDDED_START');
      assert.match(error.message, /ended at start with code 1\n[\s\S]*meta\.properties/);
      assert.match(error.hint, /kafka\.log/);
      return true;
    });
    assert.deepEqual(processesIn(dataDir), []);
  });
});

test('a cluster id is 22 characters that no command line takes for an option', () => {
  for (let attempt = 0; attempt < 1000; attempt++) assert.match(randomClusterId(), /^[\w][\w-]{21}$/);
});
