// Writes generated.ts: the TypeScript types of every .avsc file here. `npm run generate`; a test requires an empty diff.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

type AvroSchema = string | AvroSchema[] | AvroObject;
interface AvroObject {
  type: AvroSchema;
  name?: string;
  doc?: string;
  logicalType?: string;
  symbols?: string[];
  items?: AvroSchema;
  fields?: { name: string; type: AvroSchema; doc?: string }[];
}

const primitives: Record<string, string> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'Buffer',
  string: 'string',
};

/** @returns the text of generated.ts for the .avsc files in a folder */
export function generateTypes(folder: URL): string {
  const declared = new Map<string, string>();

  function typeOf(schema: AvroSchema): string {
    if (typeof schema === 'string') return primitives[schema] ?? schema;
    if (Array.isArray(schema)) return schema.map(typeOf).join(' | ');
    if (schema.logicalType === 'timestamp-nanos') return 'bigint';
    if (schema.type === 'array') return `${typeOf(schema.items ?? 'null')}[]`;
    if (schema.type === 'record' || schema.type === 'enum' || schema.type === 'fixed') return declare(schema);
    return typeOf(schema.type);
  }

  function declare(schema: AvroObject): string {
    const name = schema.name ?? '';
    if (declared.has(name)) return name;
    declared.set(name, '');
    const doc = schema.doc ? `/** ${schema.doc} */\n` : '';
    if (schema.type === 'fixed') declared.set(name, `${doc}export type ${name} = Buffer;\n`);
    else if (schema.type === 'enum')
      declared.set(name, `${doc}export type ${name} = ${schema.symbols?.map((s) => `'${s}'`).join(' | ')};\n`);
    else {
      const fields = (schema.fields ?? []).map(
        (field) => `${field.doc ? `  /** ${field.doc} */\n` : ''}  ${field.name}: ${typeOf(field.type)};\n`,
      );
      declared.set(name, `${doc}export interface ${name} {\n${fields.join('')}}\n`);
    }
    return name;
  }

  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.avsc'))
    .sort())
    declare(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as AvroObject);
  return `// Generated from the .avsc files by schemas/generate.ts; do not edit.\n\n${[...declared.values()].join('\n')}`;
}

if (import.meta.main) {
  const here = new URL('./', import.meta.url);
  writeFileSync(new URL('generated.ts', here), generateTypes(here));
  process.stdout.write('schemas/generated.ts written\n');
}
