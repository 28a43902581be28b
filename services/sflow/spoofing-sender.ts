// Sends each datagram with its agent's address for the source, as the agent itself would.

import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { openUdpSender, sendUdpFrom } from 'libbpf-ts/udp-sender.ts';
import { ADDRESS_IPV4 } from './codec/constants.ts';
import type { Sender, SenderOptions, Target } from './sender.ts';

type Done = Parameters<Sender['send']>[1];

/** When the socket is full. */
const RETRY_MS = 1;
const ADDRESS_TYPE_AT = 4;
const ADDRESS_AT = 8;
const IPV4_BYTES = 4;

/** @throws {Error} of the system */
export function openSpoofingSender({ ip, port, family }: Target, { dscp, bufferBytes }: SenderOptions): Sender {
  const fd = openUdpSender({ family, bufferBytes, dscp, anySource: true });
  const to = { address: ip, port };
  const readSource = createSourceReader();
  /** In front of a full socket. */
  let full: [datagram: Buffer, done: Done][] = [];
  let retry: NodeJS.Timeout | undefined;
  let answers: (() => void)[] = [];

  /** @returns false: the socket is full */
  function attempt(datagram: Buffer, done: Done): boolean {
    const errno = sendUdpFrom(fd, readSource(datagram), to, datagram);
    if (errno === constants.errno.EAGAIN) return false;
    // Not at once: who sends and sends is to see that it is time to let others in.
    if (answers.length === 0) setImmediate(answer);
    answers.push(() => done(errno === 0 ? null : errorOf(errno)));
    return true;
  }

  function answer(): void {
    const ready = answers;
    answers = [];
    for (const go of ready) go();
  }

  function onRetry(): void {
    const sent = full.findIndex((entry) => !attempt(...entry));
    full = sent < 0 ? [] : full.slice(sent);
    retry = full.length > 0 ? setTimeout(onRetry, RETRY_MS) : undefined;
  }

  return {
    send(datagram, done) {
      if (full.length === 0 && attempt(datagram, done)) return;
      full.push([datagram, done]);
      retry ??= setTimeout(onRetry, RETRY_MS);
    },
    close() {
      clearTimeout(retry);
      closeSync(fd);
      for (const [, done] of full) done(errorOf(constants.errno.ECANCELED));
      full = [];
    },
  };
}

/** @returns a reader of the agent's address, 16 bytes, IPv4 mapped; they are used again */
function createSourceReader(): (datagram: Buffer) => Buffer {
  const v4 = Buffer.from('00000000000000000000ffff00000000', 'hex');
  const v6 = Buffer.alloc(16);
  return (datagram) => {
    const isV4 = datagram.readUInt32BE(ADDRESS_TYPE_AT) === ADDRESS_IPV4;
    if (isV4) datagram.copy(v4, v4.length - IPV4_BYTES, ADDRESS_AT, ADDRESS_AT + IPV4_BYTES);
    else datagram.copy(v6, 0, ADDRESS_AT, ADDRESS_AT + v6.length);
    return isV4 ? v4 : v6;
  };
}

function errorOf(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  const text = code === 'EAFNOSUPPORT' ? "the agent's address is of another family than the collector's" : 'sendmsg';
  return Object.assign(new Error(`${text}: ${code}`), { code, errno: -errno });
}
