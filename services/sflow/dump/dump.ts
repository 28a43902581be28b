// `tcxflow sflow dump [--port N | FILE.pcap] [--format tree|json|csv] [--count N]`: prints datagrams, of a capture or as
// they arrive.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '@tcxflow/common/errors.ts';
import { SFLOW_PORT } from '../codec/constants.ts';
import { decodeDatagram } from '../codec/decode-datagram.ts';
import { type Format, formats } from './formats.ts';
import { openPcap } from './pcap-payloads.ts';

export interface DumpOptions {
  file: string | undefined;
  port: number;
  format: Format;
  /** Datagrams until it ends. */
  count: number;
}

export async function dumpCommand(argv: string[]): Promise<number> {
  const options = parseOptions(argv);
  const print = (text: string) => void process.stdout.write(text);
  process.stdout.on('error', ignorePipe);
  if (options.file !== undefined) dumpFile(options.file, options, print);
  else await dumpPort(options, print);
  return 0;
}

/** The reader went away, as `head` does: nobody is left to tell. */
function ignorePipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}

/** @returns how many were printed */
export function dumpFile(file: string, options: Omit<DumpOptions, 'file'>, print: (text: string) => void): number {
  const bytes = readBytes(file);
  const payloads = openPcap(bytes);
  let count = 0;
  // A file that is no capture may be a datagram by itself.
  for (const { index, payload } of payloads ?? [{ index: 1, payload: bytes }]) {
    if (count >= options.count) break;
    print(describe(payload, `packet ${index}`, options.format));
    count++;
  }
  return count;
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError((cause as Error).message, { cause, hint: 'name a capture in pcap format, or a datagram' });
  }
}

export function describe(payload: Buffer, from: string, format: Format): string {
  const datagram = decodeDatagram(payload);
  if (datagram.ok) return formats[format](datagram, from);
  const { code, offset } = datagram;
  if (format === 'json') return `${JSON.stringify({ from, error: code, offset })}\n`;
  return format === 'csv' ? `ERROR,${code},${offset}\n` : `${from}\n  no sFlow: ${code} at byte ${offset}\n`;
}

async function dumpPort({ port, format, count }: DumpOptions, print: (text: string) => void): Promise<void> {
  const socket = createSocket('udp6');
  const ended = new AbortController();
  const stop = () => ended.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  let printed = 0;
  socket.on('message', (payload, { address, port: source }) => {
    if (printed >= count) return;
    print(describe(payload, `${address.replace(/^::ffff:/, '')} port ${source}`, format));
    if (++printed >= count) stop();
  });
  socket.bind(port, '::');
  await once(socket, 'listening');
  process.stderr.write(`listening on UDP port ${socket.address().port}\n`);
  if (!ended.signal.aborted) await once(ended.signal, 'abort');
  socket.close();
}

function parseOptions(argv: string[]): DumpOptions {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        port: { type: 'string', short: 'p', default: String(SFLOW_PORT) },
        format: { type: 'string', short: 'f', default: 'tree' },
        count: { type: 'string', short: 'n', default: 'Infinity' },
      },
    });
    const [port, count] = [Number(values.port), Number(values.count)];
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port}: 0 to 65535`);
    if (!(count >= 1)) throw new Error(`--count ${values.count}: 1 or more`);
    if (!Object.hasOwn(formats, values.format)) throw new Error(`--format ${values.format}: tree, json or csv`);
    if (positionals.length > 1) throw new Error('one file at most');
    return { file: positionals[0], port, count, format: values.format as Format };
  } catch (cause) {
    throw new ConfigError((cause as Error).message, {
      cause,
      hint: 'tcxflow sflow dump [--port N | FILE.pcap] [--format tree|json|csv] [--count N]',
    });
  }
}
