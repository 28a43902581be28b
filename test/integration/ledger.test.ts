// The ledger through the real engines: losses that are known are said as they are, and what is killed in between loses none.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { connect, skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import type { SampleBatch } from '@tcxflow/schemas/generated.ts';
import { ledgerEntryCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { blockFormatsOf } from '@tcxflow/writer/block-formats.ts';
import { insertBlock } from '@tcxflow/writer/insert.ts';
import { batchOf, ledgerEntryOf } from '@tcxflow/writer/testing/messages.ts';
import { readRunFile } from '../../services/cli/clickhouse-access.ts';
import type { Account, Ledger, MinuteRow } from '../../services/cli/ledger/account.ts';
import { needsRoot } from '../support/require-root.ts';
import { kafkaMessages, useStore } from '../support/store.ts';
import { until } from '../support/until.ts';
import { servicePid, startUp, tcxflow, type UpRun } from '../support/up.ts';

const AGENT = 'switch-1';
const MINUTE_MS = 60_000;
/** Five minutes ago: a whole minute. */
const first = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;
const second = first + MINUTE_MS;

/** Samples of one packet each. */
function batch(
  batchSequence: number,
  minuteMs: number,
  from: number,
  to: number,
  state: { selected?: number; ringFull?: number } = {},
) {
  const singles = Array.from({ length: to + 1 - from }, (_, index) => [from + index, 1, index * 1_000_000] as const);
  const fields: Partial<SampleBatch> = { agent: AGENT, batchSequence, baseTimeNs: BigInt(minuteMs) * 1_000_000n };
  return sampleBatchCodec.encode(batchOf(singles, fields, { selected: to, ringFull: 0, ...state }));
}

type Answer = Account & Ledger & { status: number | null };

function askLedger(run: UpRun, agent: string): Answer {
  const from = new Date(first).toISOString();
  const words = ['ledger', '--json', '--from', from, '--agent', agent, '--data-dir', run.dataDir];
  const { status, stdout, stderr } = spawnSync(process.execPath, [tcxflow, ...words], { encoding: 'utf8' });
  assert.ok(stdout.startsWith('{'), stderr);
  return { ...(JSON.parse(stdout) as Account & Ledger), status };
}

const isMinute = (ms: number) => (row: MinuteRow) => Date.parse(row.minute) === ms;

/** What the kernel itself says it chose. */
async function selectedByKernel(run: UpRun): Promise<number> {
  const url = readRunFile(run.dataDir)?.services.capture;
  const text = await (await fetch(`${url}/metrics`)).text();
  const values = [...text.matchAll(/^tcxflow_capture_selected_samples_total\{.*\} (\d+)$/gm)].map(([, value]) =>
    Number(value),
  );
  return values.reduce((sum, value) => sum + value, 0);
}

test('known losses are in the ledger, exactly, though decode and writer are killed in between', {
  skip: needsRoot(),
}, async (t) => {
  const run = startUp(t, ['--window', '2', '--rate', '10']);
  await run.until(/traffic {6}runs/);
  const producer = connect(readRunFile(run.dataDir)?.brokers ?? []).producer();
  await producer.connect();
  t.after(() => producer.disconnect());
  const publish = (...values: Buffer[]) =>
    producer.send({ topic: topicNames.rawSamples, messages: values.map((value) => ({ key: AGENT, value })) });

  const twice = batch(3, first, 101, 130, { ringFull: 15 });
  await publish(
    batch(1, first, 1, 50),
    batch(2, first, 71, 100, { ringFull: 15 }),
    twice,
    twice,
    // Its samples can be read; but something follows, and so decode does not take it.
    Buffer.concat([batch(4, first, 131, 150, { ringFull: 15 }), Buffer.alloc(1)]),
  );
  for (const service of ['writer', 'decode']) process.kill(servicePid(run, service), 'SIGKILL');
  await publish(batch(5, second, 151, 200, { ringFull: 15 }));
  // The last word of the agent: five more were chosen, and nobody says what became of them.
  await publish(batch(6, second, 201, 200, { selected: 205, ringFull: 15 }));

  const answer = await until('all stored', () => {
    const now = askLedger(run, AGENT);
    return now.stored === 160 && now.missing === 10 ? now : undefined;
  });
  assert.equal(answer.minutes.length, 2);
  assert.partialDeepStrictEqual(answer.minutes.find(isMinute(first)), {
    ...{
      chosen: 150,
      captured: 130,
      missing: 20,
      twice: 0,
      decoded: 110,
      aggregated: 110,
      stored: 110,
      letters: 1,
      balance: 5,
    },
    lost: { ring_full: 15, 'dead_letter:SCHEMA_BODY': 20 },
    wrong: ['5 missing between the kernel and Kafka, of no cause that was told', 'dead letters: 1'],
  });
  assert.partialDeepStrictEqual(answer.minutes.find(isMinute(second)), {
    ...{ chosen: 55, captured: 50, missing: 5, decoded: 50, aggregated: 50, stored: 50, letters: 0, balance: 5 },
    lost: {},
  });
  assert.equal(answer.status, 1);
  assert.match(
    answer.sentence,
    /; 15 lost: ring_full, 20 lost: dead_letter:SCHEMA_BODY, 10 missing, dead letters: 1\n.* switch-1: 5 missing .*\(eth0 ingress 51–70\)\n.* switch-1: 5 missing .*\(eth0 ingress 201–205\)\n/,
  );
  assert.match(answer.sentence, / {2}switch-1 is silent since /);

  // Of the lab nothing is missing, neither while it samples nor when it has ended; and it is what the kernel chose.
  const [lab = ''] = askLedger(run, '')
    .agents.map(({ agent }) => agent)
    .filter((agent) => agent !== AGENT);
  process.kill(servicePid(run, 'capture'), 'SIGUSR1');
  const ended = await until('nothing on its way', () => {
    const now = askLedger(run, lab);
    return now.waiting === 0 && now.chosen > 0 && now.chosen === now.stored ? now : undefined;
  });
  assert.equal(ended.chosen, await selectedByKernel(run));
  assert.deepEqual(
    ended.minutes.flatMap(({ wrong }) => wrong),
    [],
  );
  assert.match(ended.sentence, /^complete up to .*; nothing missing$/);
  assert.equal(ended.status, 0);
});

test(
  'an entry that is said again counts once; of one that was mended later only what came of it counts',
  skipWithout('clickhouse'),
  async (t) => {
    const store = await useStore(t);
    const base = {
      agent: AGENT,
      minute: first,
      batchSequence: 1,
      sourcePartition: 0,
      sourceOffset: 4,
      lost: [],
      letters: 0,
      waiting: 0,
      in: 9,
      out: 9,
    };
    const poison = {
      ...base,
      batchSequence: 2,
      sourceOffset: 5,
      out: 0,
      lost: [{ cause: 'dead_letter:X', samples: 9 }],
      letters: 1,
    };
    const aggregated = { ...base, stage: 'aggregate', batchSequence: 0, sourcePartition: -1, sourceOffset: -1 };
    const entries = [base, base, poison, aggregated, aggregated, { ...poison, sourceOffset: 8 }];
    const values = entries.map((entry) => ledgerEntryCodec.encode(ledgerEntryOf(entry)));
    await store.process(
      topicNames.ledger,
      kafkaMessages(0, values).map((message, index) => ({ ...message, timestamp: String(first + index) })),
    );
    const range = { from: new Date(first).toISOString().slice(0, 19), to: new Date(second).toISOString().slice(0, 19) };
    const ask = () =>
      store.ask<MinuteRow>(
        'SELECT decoded, aggregated, lost, letters FROM ledger_minutes(from = {from:String}, to = {to:String})',
        range,
      );
    assert.deepEqual(await ask(), [{ decoded: 9, aggregated: 18, lost: { 'dead_letter:X': 9 }, letters: 1 }]);
    const mended = ledgerEntryCodec.encode(
      ledgerEntryOf({ ...poison, sourceOffset: 12, out: 9, lost: [], letters: 0 }),
    );
    await store.write(topicNames.ledger, values.length, [mended]);
    assert.deepEqual(await ask(), [{ decoded: 18, aggregated: 18, lost: {}, letters: 0 }]);
  },
);

test(
  'with writer.samples each sample is a row with its bytes, once, though its batch is there twice',
  skipWithout('clickhouse'),
  async (t) => {
    const store = await useStore(t);
    const format = blockFormatsOf({ samples: true })[topicNames.rawSamples];
    const message = sampleBatchCodec.encode(
      batchOf(
        [
          [7, 2, 5],
          [9, 1, 6],
        ],
        { agent: 'hôst', batchSequence: 3, baseTimeNs: BigInt(first) * 1_000_000n },
        { direction: 'egress', linkType: 'ip' },
      ),
    );
    for (const offset of [2 ** 33, 2 ** 33 + 1]) {
      const pieces = format?.read(message, { partition: 2, offset, timestampMs: 0 }) ?? [];
      for (const [index, { part }] of pieces.entries()) {
        const table = format?.tables[index];
        if (table)
          await insertBlock(store.client, {
            table: table.table,
            format: table.format,
            body: table.join([part]),
            token: String(offset),
          });
      }
    }
    const rows = await store.ask('SELECT * REPLACE (hex(header) AS header) FROM samples FINAL ORDER BY sequence');
    const time = new Date(first).toISOString().slice(0, 19);
    const common = {
      ...{
        agent: 'hôst',
        bootId: '0102030405060708090a0b0c0d0e0f10',
        ifIndex: 2,
        ifName: 'eth0',
        direction: 'egress',
        linkType: 'ip',
      },
      ...{
        samplingRate: 10,
        etherType: 2048,
        inputIfIndex: 3,
        outputIfIndex: 4,
        header: '000102030405060708090A0B0800FF',
      },
      ...{ batchSequence: 3, partition: 2, offset: 2 ** 33 + 1 },
    };
    assert.deepEqual(rows, [
      { ...common, time: `${time}.000000005Z`, sequence: 7, sampleCount: 2, segments: 2, wireBytes: 200 },
      { ...common, time: `${time}.000000006Z`, sequence: 9, sampleCount: 1, segments: 1, wireBytes: 100 },
    ]);
  },
);

test(
  'what capture says that it gave up and has on disk is known of its agent, and completeness ends at the gap',
  skipWithout('clickhouse'),
  async (t) => {
    const store = await useStore(t);
    const sent = (values: Buffer[]) =>
      kafkaMessages(0, values).map((message, index) => ({ ...message, timestamp: String(second + index) }));
    await store.process(
      topicNames.rawSamples,
      sent([batch(1, first, 1, 10), batch(3, second, 21, 30), batch(4, second + MINUTE_MS, 31, 30)]),
    );
    const minutes = (at: number) => new Date(at).toISOString().slice(0, 19);
    const ask = async () => {
      const range = { from: minutes(first), to: minutes(second + 2 * MINUTE_MS) };
      const query =
        'SELECT state, completeUntil, missing, gaveUp, onDisk, restarts FROM complete_until(from = {from:String}, to = {to:String})';
      return store.ask(query, range);
    };
    const common = { stage: 'capture', agent: AGENT, minute: second, sourcePartition: 0, letters: 0 };
    const said = [
      { ...common, waiting: 9, lost: [{ cause: 'spool_full', samples: 4 }], sourceOffset: 1, sinceMs: second + 1 },
      { ...common, waiting: 6, lost: [{ cause: 'spool_full', samples: 1 }], sourceOffset: 2, sinceMs: second + 2 },
    ].map((entry) => ledgerEntryCodec.encode(ledgerEntryOf(entry)));
    // What waited on the disk comes after what is live: the last word is not what came last.
    await store.process(topicNames.ledger, sent([...said, said[0] as Buffer]));
    const rows = await ask();
    assert.partialDeepStrictEqual(rows, [
      { completeUntil: `${minutes(second)}Z`, gaveUp: { spool_full: 5 }, onDisk: 6, restarts: 0 },
    ]);
    const other = batchOf([[1, 5]], {
      agent: AGENT,
      bootId: Buffer.alloc(16, 9),
      baseTimeNs: BigInt(second) * 1_000_000n,
    });
    await store.write(topicNames.rawSamples, 100, [sampleBatchCodec.encode(other)]);
    assert.partialDeepStrictEqual(await ask(), [{ restarts: 1 }]);
  },
);
