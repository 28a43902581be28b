// The dead-letter topic as a list: every message that a service gave up on, and which of them were sent again.

import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Kafka, KafkaMessage } from 'kafkajs';

export interface Letter {
  /** PARTITION/OFFSET in the dead-letter topic. */
  id: string;
  /** When the service gave up on it, in ms since 1970. */
  atMs: number;
  key: Buffer | null;
  value: Buffer | null;
  stage: string;
  reason: string;
  error: string;
  /** Where it stood. */
  source: { topic: string; partition: number; offset: string };
  /** The others of its headers: its own, and what the service said of itself. */
  headers: Record<string, string>;
  /** It was sent again. */
  replayed: boolean;
}

export interface LetterQuery {
  reason?: string | undefined;
  stage?: string | undefined;
  ids?: readonly string[] | undefined;
}

/** Marks a letter as sent again: its header is the letter's id. */
export const REPLAYED = 'tcxflow-replayed';
const own = new Set(['tcxflow-stage', 'tcxflow-reason', 'tcxflow-error', 'tcxflow-source', 'tcxflow-timestamp']);
/** Fetches without a message, one after the other: the end of the topic. */
const EMPTY_FETCHES = 3;

/** @param bytesMax of all values together: older ones give way */
export async function readLetters(kafka: Kafka, bytesMax: number): Promise<{ letters: Letter[]; left: number }> {
  const letters = new Map<string, Letter>();
  const replayed = new Set<string>();
  let bytes = 0;
  let left = 0;
  await readTopic(kafka, (partition, message) => {
    const marker = message.headers?.[REPLAYED];
    if (marker) {
      replayed.add(String(marker));
      return;
    }
    const letter = letterOf(partition, message);
    letters.set(letter.id, letter);
    bytes += letter.value?.length ?? 0;
    for (const [id, oldest] of letters) {
      if (bytes <= bytesMax) break;
      bytes -= oldest.value?.length ?? 0;
      letters.delete(id);
      left++;
    }
  });
  const all = [...letters.values()].map((letter) => ({ ...letter, replayed: replayed.has(letter.id) }));
  return { letters: all.sort((a, b) => a.atMs - b.atMs), left };
}

/** From the first message to the last there is now. */
async function readTopic(kafka: Kafka, onMessage: (partition: number, message: KafkaMessage) => void): Promise<void> {
  const consumer = kafka.consumer({
    groupId: `tcxflow-dead-letter-${process.pid}-${Date.now()}`,
    maxWaitTimeInMs: 200,
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic: topicNames.deadLetter, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      let empty = 0;
      consumer.on(consumer.events.FETCH, ({ payload }) => {
        empty = payload.numberOfBatches === 0 ? empty + 1 : 0;
        if (empty >= EMPTY_FETCHES) resolve();
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer
        .run({ autoCommit: false, eachMessage: async ({ partition, message }) => onMessage(partition, message) })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

function letterOf(partition: number, message: KafkaMessage): Letter {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) headers[name] = String(value ?? '');
  const [topic = '', sourcePartition = '0', offset = '0'] = (headers['tcxflow-source'] ?? '').split('/');
  return {
    id: `${partition}/${message.offset}`,
    atMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    stage: headers['tcxflow-stage'] ?? '',
    reason: headers['tcxflow-reason'] ?? '',
    error: headers['tcxflow-error'] ?? '',
    source: { topic, partition: Number(sourcePartition), offset },
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !own.has(name))),
    replayed: false,
  };
}

export function selectLetters(letters: readonly Letter[], { reason, stage, ids }: LetterQuery): Letter[] {
  return letters.filter(
    (letter) =>
      (reason === undefined || letter.reason === reason) &&
      (stage === undefined || letter.stage === stage) &&
      (ids === undefined || ids.length === 0 || ids.includes(letter.id)),
  );
}
