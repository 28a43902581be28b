// At the start, so that what this host cannot do is not found out datagram by datagram.

import { closeSync } from 'node:fs';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { openUdpSender } from 'libbpf-ts/udp-sender.ts';
import type { Delivery } from './collector-options.ts';

const BUFFER_BYTES = 4096;

/** @throws {TcxflowError} with the collector and the key */
export function checkDeliveries(deliveries: readonly Delivery[]): void {
  for (const { address, dscp, spoofSource } of deliveries) {
    if (dscp === 0 && !spoofSource) continue;
    for (const family of [4, 6] as const)
      try {
        closeSync(openUdpSender({ family, bufferBytes: BUFFER_BYTES, dscp, anySource: spoofSource }));
      } catch (cause) {
        // A host without IPv6: there no collector has such an address.
        if ((cause as NodeJS.ErrnoException).code === 'EAFNOSUPPORT') continue;
        throw explain(cause as NodeJS.ErrnoException, address, spoofSource ? 'spoof_source' : 'dscp');
      }
  }
}

function explain(cause: NodeJS.ErrnoException, address: string, key: string): TcxflowError {
  const text = `sflow.collectors, ${address}: ${key}: ${cause.message}`;
  const without = `or leave ${key} out`;
  const make = (code: string, hint: string) => new TcxflowError(code, text, { cause, hint: `${hint}, ${without}` });
  switch (cause.code) {
    case 'ADDON_MISSING':
      return make(cause.code, 'run: npm run setup');
    case 'EPERM':
      return make(
        'NOT_PERMITTED',
        'give the process CAP_NET_RAW (systemd: AmbientCapabilities=CAP_NET_RAW; Docker: --cap-add NET_RAW)',
      );
    default:
      return make('SEND_FAILED', 'see whether the kernel has such sockets');
  }
}
