// Which requests pass by: Kafka's by the keys of its protocol, ClickHouse's inserts by their URL.

import type { RequestWatcher } from './proxy.ts';

/** API keys: https://kafka.apache.org/protocol#protocol_api_keys */
const kafkaNames: Record<number, string> = {
  0: 'Produce',
  1: 'Fetch',
  8: 'OffsetCommit',
  9: 'OffsetFetch',
  11: 'JoinGroup',
  14: 'SyncGroup',
  22: 'InitProducerId',
  24: 'AddPartitionsToTxn',
  25: 'AddOffsetsToTxn',
  26: 'EndTxn',
  28: 'TxnOffsetCommit',
};
const PREFIX_BYTES = 6;

/** A request is an int32 of its length, an int16 of its API key, and more. */
export function watchKafka(): RequestWatcher {
  /** Of the request under way, still to come. */
  let left = 0;
  let prefix = Buffer.alloc(0);
  return (chunk) => {
    const names: string[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const skipped = Math.min(left, chunk.length - at);
        left -= skipped;
        at += skipped;
        continue;
      }
      const taken = Math.min(PREFIX_BYTES - prefix.length, chunk.length - at);
      prefix = Buffer.concat([prefix, chunk.subarray(at, at + taken)]);
      at += taken;
      if (prefix.length < PREFIX_BYTES) break;
      names.push(kafkaNames[prefix.readInt16BE(4)] ?? 'other');
      left = prefix.readInt32BE(0) - 2;
      prefix = Buffer.alloc(0);
    }
    return names;
  };
}

/** The client puts an INSERT with data into the URL. Its head comes in a chunk of its own, the block in the next ones. */
export function watchClickHouse(): RequestWatcher {
  let inserting = false;
  return (chunk) => {
    if (/^POST \S*INSERT/.test(chunk.toString('latin1', 0, 4096))) {
      inserting = true;
      return ['Insert'];
    }
    const names = inserting ? ['InsertBody'] : [];
    inserting = false;
    return names;
  };
}
