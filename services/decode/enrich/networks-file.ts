// The networks file: CSV with a header line, "prefix,name,role,site,tenant" in any order, # for comments. CSV and not YAML:
// it comes out of every IPAM, and 100,000 lines are read in a fraction of a second. Pure.

import { parseAddress } from '@tcxflow/packet/address.ts';
import type { Network } from '@tcxflow/schemas/generated.ts';
import { createPrefixTable, type Prefix, type PrefixTable } from './networks.ts';

export const PREFIXES_MAX = 500_000;
const FIELD_CHARS_MAX = 200;
/** More of them help nobody. */
const PROBLEMS_SHOWN = 5;

const columns = ['prefix', 'name', 'role', 'site', 'tenant'] as const;
type Column = (typeof columns)[number];

export interface Networks {
  /** Value n of the table is row n - 1. Prefixes that say the same share a row. */
  rows: readonly Network[];
  table: PrefixTable;
  prefixes: number;
}

/** @throws {Error} naming line and value of the first few problems; a file with one is not used at all */
export function parseNetworks(text: string): Networks {
  const problems: string[] = [];
  const rows: Network[] = [];
  const rowNumbers = new Map<string, number>();
  const lines = new Map<string, number>();
  const prefixes: Prefix[] = [];
  let header: Column[] | undefined;

  function addLine(line: string, number: number): void {
    const fields = splitLine(line);
    if (!header) {
      header = readHeader(fields);
      return;
    }
    if (fields.length > header.length)
      throw new Error(`${fields.length} fields, where the header has ${header.length}`);
    const values = Object.fromEntries(columns.map((column) => [column, fields[header?.indexOf(column) ?? -1] ?? '']));
    const { prefix: shown, name, role, site, tenant } = values as Record<Column, string>;
    const { address, bits } = readPrefix(shown);
    const network: Network = { name, role, site, tenant };
    const long = Object.entries(network).find(([, value]) => value.length > FIELD_CHARS_MAX);
    if (long) throw new Error(`${long[0]} of ${long[1].length} characters: at most ${FIELD_CHARS_MAX}`);
    const key = `${address.toString('hex')}/${bits}`;
    const before = lines.get(key);
    if (before) throw new Error(`"${shown}" is in line ${before} already`);
    if (prefixes.length >= PREFIXES_MAX) throw new Error(`more than ${PREFIXES_MAX} prefixes`);
    lines.set(key, number);
    const row = JSON.stringify(network);
    let value = rowNumbers.get(row);
    if (value === undefined) {
      value = rows.push(network);
      rowNumbers.set(row, value);
    }
    prefixes.push({ address, bits, value });
  }

  let number = 0;
  for (const line of text.replace(/^\ufeff/, '').split('\n')) {
    number++;
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    try {
      addLine(content, number);
    } catch (error) {
      problems.push(`line ${number}: ${(error as Error).message}`);
    }
    if (problems.length === PROBLEMS_SHOWN || (problems.length > 0 && !header)) break;
  }
  if (!header && problems.length === 0) problems.push('no header line: prefix,name,role,site,tenant');
  if (problems.length > 0) throw new Error(problems.join('; '));
  return { rows, table: createPrefixTable(prefixes), prefixes: prefixes.length };
}

function readHeader(fields: string[]): Column[] {
  const names = fields.map((field) => field.toLowerCase());
  const unknown = names.find((name) => !columns.includes(name as Column));
  if (unknown !== undefined) throw new Error(`no column "${unknown}": ${columns.join(', ')}`);
  if (new Set(names).size < names.length) throw new Error('a column is there twice');
  if (!names.includes('prefix') || !names.includes('name')) throw new Error('the header needs prefix and name');
  return names as Column[];
}

function readPrefix(text: string): { address: Buffer; bits: number } {
  const [, shown = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(shown);
  if (!address) throw new Error(`"${text}" is not a prefix`);
  const dotted = !shown.includes(':');
  const width = dotted ? 32 : 128;
  const given = length === undefined ? width : Number(length);
  if (given > width) throw new Error(`"${text}" is longer than ${width} bits`);
  const bits = given + 128 - width;
  for (let bit = bits; bit < 128; bit++)
    if (((address[bit >> 3] as number) >> (7 - (bit & 7))) & 1)
      throw new Error(`"${text}" has bits set behind its length`);
  return { address, bits };
}

/** RFC 4180, but a field does not go over lines. */
function splitLine(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((field) => field.trim());
  const fields: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y;
  for (;;) {
    const match = pattern.exec(line);
    if (!match) throw new Error('quotes do not match');
    fields.push(match[1]?.replaceAll('""', '"') ?? (match[2] as string).trim());
    if (match[3] === '') return fields;
  }
}
