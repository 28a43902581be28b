import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Codec } from './avro.ts';
import { generateTypes } from './generate.ts';
import * as topics from './topics.ts';

const here = new URL('./', import.meta.url);
const files = readdirSync(here).filter((name) => name.endsWith('.avsc'));
const codecs = Object.values(topics).filter(
  (value): value is Codec<unknown> & typeof value => typeof value === 'object' && 'frameHeader' in value,
);

test('generated.ts is what `npm run generate` would write', () => {
  assert.equal(generateTypes(here), readFileSync(new URL('generated.ts', here), 'utf8'));
});

test('every .avsc file has its codec in topics.ts', () => {
  assert.deepEqual(codecs.map(({ name }) => `${name}.avsc`).sort(), files.sort());
});

test('every topic but the dead-letter topic has a schema, whose text names it', () => {
  const named = codecs.map(
    ({ schema }) => /^Topic (tcxflow\.\S+\.v\d+)[.,]/.exec((schema as { doc: string }).doc)?.[1],
  );
  const { deadLetter, ...withSchema } = topics.topicNames;
  assert.deepEqual(named.sort(), Object.values(withSchema).sort());
  assert.ok(deadLetter in topics.topicRetentionMs);
});

test('a name means the same in all files: only one type of that name is generated', () => {
  const definitions = new Map<string, string>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const { name, type } = part as { name?: string; type?: unknown };
    if (name && ['record', 'enum', 'fixed'].includes(String(type))) {
      const text = JSON.stringify(part);
      assert.equal(definitions.get(name) ?? text, text, name);
      definitions.set(name, text);
    }
    for (const inner of Object.values(part)) visit(inner);
  };
  for (const { schema } of codecs) visit(schema);
  assert.ok(definitions.has('Direction') && definitions.has('Address'));
});

test('types of every kind are generated, named ones once', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-schemas-'));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'port.v1.avsc'),
    `{ "type": "record", "name": "Port", "doc": "A port.", "fields": [
        { "name": "name", "type": "string", "doc": "As printed." },
        { "name": "key", "type": { "type": "fixed", "name": "Key", "size": 8 } },
        { "name": "state", "type": { "type": "enum", "name": "State", "symbols": ["up", "down"] } },
        { "name": "before", "type": "State" },
        { "name": "at", "type": { "type": "long", "logicalType": "timestamp-nanos" } },
        { "name": "minute", "type": { "type": "long", "logicalType": "timestamp-millis" } },
        { "name": "speed", "type": ["null", "double"], "default": null },
        { "name": "peers", "type": { "type": "array", "items": { "type": "record", "name": "Peer", "fields": [
          { "name": "key", "type": "Key" }, { "name": "alive", "type": "boolean" }, { "name": "raw", "type": "bytes" }] } } }] }`,
  );
  assert.equal(
    generateTypes(pathToFileURL(`${folder}/`)),
    `// Generated from the .avsc files by schemas/generate.ts; do not edit.

/** A port. */
export interface Port {
  /** As printed. */
  name: string;
  key: Key;
  state: State;
  before: State;
  at: bigint;
  minute: number;
  speed: null | number;
  peers: Peer[];
}

export type Key = Buffer;

export type State = 'up' | 'down';

export interface Peer {
  key: Key;
  alive: boolean;
  raw: Buffer;
}
`,
  );
});
