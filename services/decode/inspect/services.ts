// The name of the service that a packet is of, for people: decode.enrich.services_file, or the built-in list.

import { readFileSync } from 'node:fs';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { type DecodedHeader, Field } from '@tcxflow/packet/decode.ts';
import { builtInServices, parseServiceNames, type ServiceNames } from '../enrich/service-names.ts';

/** @throws {TcxflowError} ENRICH_SOURCE: a file that cannot be used, with what is wrong in it */
export function readServiceNames(path: string | undefined): ServiceNames {
  if (path === undefined) return parseServiceNames(builtInServices);
  try {
    return parseServiceNames(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new TcxflowError('ENRICH_SOURCE', `${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'lines as in /etc/services: name port/protocol',
    });
  }
}

/** The lower port is usually the server's; where it has no name, the other. @returns empty: neither has one */
export function serviceOf(names: ServiceNames, header: DecodedHeader): string {
  if ((header.fields & (1 << Field.ports)) === 0) return '';
  const { protocol, srcPort, dstPort } = header;
  const nameOf = (port: number) => names.nameOf(names.indexOf(protocol, port));
  return nameOf(Math.min(srcPort, dstPort)) || nameOf(Math.max(srcPort, dstPort));
}
