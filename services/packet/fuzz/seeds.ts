import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpus } from '../testing/corpus.ts';
import { ethernet, ipv4, tcp, udpTo } from '../testing/frames.ts';
import { clientHello, dnsMessage, quicLongHeader } from '../testing/payloads.ts';
import { toInput } from './target.ts';

/** Inputs that once broke a promise, one a file: fixed bugs whose story is told where they were mended. */
export const crashFolder = join(import.meta.dirname, 'crashes');

export function readCrashes(): { name: string; input: Buffer }[] {
  if (!existsSync(crashFolder)) return [];
  const names = readdirSync(crashFolder).filter((name) => name.endsWith('.bin'));
  return names.map((name) => ({ name, input: readFileSync(join(crashFolder, name)) }));
}

/** The own corpus, whole and cut, and payloads of applications. */
export function makeSeeds(): Buffer[] {
  const frames = corpus.flatMap(({ frame, linkType = 'ethernet' }) => [
    toInput(linkType, 0, frame),
    toInput(linkType, 4, frame.subarray(0, frame.length >> 1)),
  ]);
  const payloads = [
    ipv4(17, udpTo(53, dnsMessage(0x0100, ['www', 'example', 'com'], 1))),
    ipv4(17, udpTo(443, quicLongHeader(1))),
    ipv4(6, tcp(0x5018, clientHello({ serverName: 'example.com', alpn: ['h2'], versions: [0x0304] }))),
    ipv4(6, tcp(0x5018, Buffer.from('GET / HTTP/1.1\r\nHost: example.net\r\n\r\n'))),
  ];
  const crashes = readCrashes().map(({ input }) => input);
  return [...frames, ...payloads.map((packet) => toInput('ethernet', 0, ethernet(0x0800, packet))), ...crashes];
}
