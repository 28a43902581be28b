// `tcxflow decode lookup ADDRESS`: what samples of an address are given, from the files as they are now. Needs no Kafka.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadConfig } from '@tcxflow/common/config.ts';
import { ConfigError, TcxflowError } from '@tcxflow/common/errors.ts';
import { formatAddress, parseAddress } from '@tcxflow/packet/address.ts';
import { type DecodeConfig, decodeSchema } from '../config.ts';
import { createAnonymizer, parseKey } from './anonymize.ts';
import { createClassifier } from './classify.ts';
import { createEnricher } from './enricher.ts';
import { fileSources } from './file-sources.ts';
import { createNameTable } from './interface-names.ts';

const usage = `Usage: tcxflow decode lookup ADDRESS… [--config FILE]

Shows what samples of an address are given, by the files of decode.enrich as they are now.
`;

/** @returns the exit code @throws {TcxflowError} a file that cannot be used, with what is wrong in it */
export function lookupCommand(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
  if (values.help || positionals.length === 0) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const { decode } = loadConfig(decodeSchema, { file: values.config });
  const lookup = openLookup(decode);
  for (const text of positionals) process.stdout.write(`${lookup(text)}\n`);
  return 0;
}

/** @returns address → what is known of it, as lines */
export function openLookup({ enrich, anonymize, anonymizeKeyFile = '' }: DecodeConfig): (text: string) => string {
  const enricher = createEnricher({
    cacheEntries: 1024,
    cacheSeed: 1,
    looksUpAddresses: true,
    anonymizes: anonymize,
    names: createNameTable(0, () => undefined),
    classifier: createClassifier([]),
    onLookupError: (error) => {
      throw new TcxflowError('ENRICH_SOURCE', `a database is broken: ${(error as Error).message}`);
    },
  });
  for (const { path, load } of fileSources(enrich, enricher)) readSource(path, load);
  if (anonymize) readSource(anonymizeKeyFile, (key) => enricher.use({ anonymizer: createAnonymizer(parseKey(key)) }));
  enricher.startBatch('', Buffer.alloc(16), 0n);

  return (text) => {
    const bytes = parseAddress(text);
    if (!bytes) throw new ConfigError(`"${text}" is not an IP address`);
    const entry = enricher.address(bytes, 0);
    const network = enricher.network(entry);
    const system = enricher.autonomousSystem(entry);
    const country = enricher.country(entry);
    const { networks, autonomousSystems } = enricher.tables();
    const rows: [string, string][] = Object.entries(networks[network - 1] ?? { network: '' });
    const { number = '', organisation = '' } = autonomousSystems[system - 1] ?? {};
    rows.push(['AS', `${number} ${organisation}`.trim()]);
    rows.push(['country', country ? String.fromCharCode(country >> 8, country & 255) : '']);
    enricher.anonymize(bytes, 0);
    if (anonymize) rows.push(['leaves as', formatAddress(bytes)]);
    return [text, ...rows.map(([key, value]) => `  ${key.padEnd(10)} ${value || '-'}`)].join('\n');
  };
}

function readSource(path: string, use: (content: Buffer) => unknown): void {
  try {
    use(readFileSync(path));
  } catch (cause) {
    throw new TcxflowError('ENRICH_SOURCE', `${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'docs/how-to/enrich.md says what each file looks like',
    });
  }
}
