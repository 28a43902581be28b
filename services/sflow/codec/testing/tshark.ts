// Wireshark's dissector (Debian: tshark).

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeUdpPcap } from './pcap.ts';
import { findProgram } from './processes.ts';

const run = promisify(execFile);
const TAB = '\t';
const BETWEEN_VALUES = '|';

export interface Dissection<Field extends string> {
  /** One a packet; every occurrence of a field in it, in the order on the wire. */
  packets: Record<Field, string[]>[];
  /** Packets that are malformed, or have an expert's remark from warning up: number and message. */
  complaints: string[];
}

/**
 * Dissects a capture file, or datagrams as if they were sent to port 6343.
 * @param fields names of `tshark -G fields`
 */
export async function dissectWithTshark<Field extends string>(
  capture: string | readonly Buffer[],
  fields: readonly Field[],
): Promise<Dissection<Field>> {
  if (typeof capture === 'string') return dissect(capture, fields);
  const folder = await mkdtemp(join(tmpdir(), 'tcxflow-tshark-'));
  try {
    const path = join(folder, 'sflow.pcap');
    writeUdpPcap(path, capture);
    return await dissect(path, fields);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function dissect<Field extends string>(path: string, fields: readonly Field[]): Promise<Dissection<Field>> {
  const complaints = await tshark(path, ['frame.number', '_ws.malformed', '_ws.expert.message'], COMPLAINS);
  const lines = await tshark(path, fields, 'frame');
  const packets = lines.map((line) => {
    const columns = line.split(TAB);
    const values = fields.map((field, i) => [field, columns[i] ? columns[i].split(BETWEEN_VALUES) : []]);
    return Object.fromEntries(values) as Record<Field, string[]>;
  });
  return { packets, complaints };
}

/** Lesser remarks are about the sampled packets ("connection establish request") and not about sFlow. */
const EXPERT_WARNING = 0x600000;
const COMPLAINS = `_ws.malformed || _ws.expert.severity >= ${EXPERT_WARNING}`;

async function tshark(path: string, fields: readonly string[], filter: string): Promise<string[]> {
  const args = [
    '-n',
    // Sampled headers are no conversation: segments in between were not captured, on purpose.
    '-o',
    'tcp.analyze_sequence_numbers:FALSE',
    '-r',
    path,
    '-Y',
    filter,
    '-T',
    'fields',
    '-E',
    'occurrence=a',
    '-E',
    `aggregator=${BETWEEN_VALUES}`,
  ];
  for (const field of fields) args.push('-e', field);
  const { stdout } = await run(findProgram('tshark') ?? 'tshark', args, { maxBuffer: 2 ** 28 });
  return stdout.split('\n').filter((line) => line !== '');
}
