// `tcxflow dead-letter list|show|replay`: what services gave up on, and sending it again after the cause was mended.

import { TcxflowError } from '@tcxflow/common/errors.ts';
import { createKafka, createProducer } from '@tcxflow/common/kafka.ts';
import { createLogger } from '@tcxflow/common/logger.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Kafka } from 'kafkajs';
import { findKafka } from '../clickhouse-access.ts';
import { type Letter, type LetterQuery, REPLAYED, readLetters, selectLetters } from './letters.ts';

export interface DeadLetterOptions extends LetterQuery {
  config?: string;
  dataDir: string;
}

/** Values held in memory. */
const BYTES_MAX = 512 << 20;
const HEX_BYTES_MAX = 256;
const HEX_BYTES_PER_LINE = 16;

async function withKafka<T>(options: DeadLetterOptions, work: (kafka: Kafka) => Promise<T>): Promise<T> {
  const config = findKafka(options);
  const log = createLogger({ level: 'error', format: 'auto' }, 'dead-letter');
  try {
    return await work(createKafka(config, 'dead-letter', log, 3));
  } catch (cause) {
    if (cause instanceof TcxflowError) throw cause;
    throw new TcxflowError('KAFKA', (cause as Error).message, { cause, hint: `is ${config.brokers} running?` });
  }
}

/** @returns the exit code */
export async function listCommand(options: DeadLetterOptions): Promise<number> {
  const { letters, left } = await withKafka(options, (kafka) => readLetters(kafka, BYTES_MAX));
  const chosen = selectLetters(letters, options);
  const rows = chosen.map((letter) => [
    letter.id,
    new Date(letter.atMs).toISOString(),
    letter.stage,
    letter.reason,
    `${letter.source.topic}/${letter.source.partition}/${letter.source.offset}`,
    `${letter.value?.length ?? 0}`,
    letter.replayed ? 'sent again' : letter.error.slice(0, 80),
  ]);
  const all = [['id', 'time', 'stage', 'reason', 'source', 'bytes', 'error'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of all)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  const waiting = chosen.filter(({ replayed }) => !replayed).length;
  process.stderr.write(
    `${chosen.length} letters, ${waiting} of them not sent again${left > 0 ? `; ${left} older left out` : ''}\n`,
  );
  return 0;
}

/** @returns the exit code @throws {TcxflowError} NO_SUCH_LETTER */
export async function showCommand(id: string, options: DeadLetterOptions): Promise<number> {
  const { letters } = await withKafka(options, (kafka) => readLetters(kafka, BYTES_MAX));
  const letter = letters.find((each) => each.id === id);
  if (!letter)
    throw new TcxflowError('NO_SUCH_LETTER', `there is no dead letter ${id}`, {
      hint: 'tcxflow dead-letter list shows them',
    });
  const { stage, reason, error, source, key, value, atMs, replayed } = letter;
  const lines = [
    ['stage', stage],
    ['reason', reason],
    ['error', error],
    ['time', new Date(atMs).toISOString()],
    ['source', `${source.topic}, partition ${source.partition}, offset ${source.offset}`],
    ['key', key === null ? '(none)' : JSON.stringify(key.toString())],
    ...Object.entries(letter.headers),
    ['sent again', replayed ? 'yes' : 'no'],
    ['value', value === null ? '(none)' : `${value.length} bytes`],
  ];
  for (const [name, text] of lines) process.stdout.write(`${name?.padEnd(26)}${text}\n`);
  process.stdout.write(hexDump(value ?? Buffer.alloc(0)));
  return 0;
}

function hexDump(value: Buffer): string {
  let text = '';
  for (let at = 0; at < Math.min(value.length, HEX_BYTES_MAX); at += HEX_BYTES_PER_LINE) {
    const line = value.subarray(at, at + HEX_BYTES_PER_LINE);
    const hex = [...line].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const printable = [...line].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    text += `${at.toString(16).padStart(6, '0')}  ${hex.padEnd(HEX_BYTES_PER_LINE * 3)} ${printable}\n`;
  }
  return value.length > HEX_BYTES_MAX ? `${text}…\n` : text;
}

/** Each letter once: the message and the mark that it was sent go in one transaction. @returns the exit code */
export async function replayCommand(options: DeadLetterOptions & { dryRun?: boolean }): Promise<number> {
  return withKafka(options, async (kafka) => {
    // First, so that a replay that is under way elsewhere is fenced off before the marks are read.
    const producer = createProducer(kafka, 'tcxflow-dead-letter-replay');
    await producer.connect();
    try {
      const { letters } = await readLetters(kafka, BYTES_MAX);
      const chosen = selectLetters(letters, options).filter(({ replayed }) => !replayed);
      for (const letter of chosen) {
        const { topic, partition, offset } = letter.source;
        if (!options.dryRun) await replay(producer, letter);
        process.stdout.write(
          `${options.dryRun ? 'would send' : 'sent'} ${letter.id} to ${topic}/${partition} (was ${offset})\n`,
        );
      }
      process.stderr.write(`${chosen.length} letters ${options.dryRun ? 'would be ' : ''}sent again\n`);
      return 0;
    } finally {
      await producer.disconnect();
    }
  });
}

async function replay(producer: ReturnType<typeof createProducer>, letter: Letter): Promise<void> {
  const { topic, partition } = letter.source;
  const transaction = await producer.transaction();
  try {
    await transaction.sendBatch({
      acks: -1,
      topicMessages: [
        { topic, messages: [{ partition, key: letter.key, value: letter.value, headers: letter.headers }] },
        {
          topic: topicNames.deadLetter,
          messages: [{ key: letter.key, value: null, headers: { [REPLAYED]: letter.id } }],
        },
      ],
    });
    await transaction.commit();
  } catch (error) {
    await transaction.abort();
    throw error;
  }
}
