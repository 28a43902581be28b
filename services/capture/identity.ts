// Who this agent is: on the bus, and for sFlow collectors.

import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { parseAddress } from '@tcxflow/packet/address.ts';
import type { CaptureConfig } from './config.ts';

export interface AgentIdentity {
  agent: string;
  /** 16 bytes, IPv4 mapped. */
  agentAddress: Buffer;
  /** Of this start: sequences and pools begin with it. */
  bootId: Buffer;
}

export function createIdentity(config: CaptureConfig): AgentIdentity {
  const text = config.agentAddress ?? firstGlobalAddress() ?? '127.0.0.1';
  return { agent: config.agent, agentAddress: parseAddress(text) ?? Buffer.alloc(16), bootId: randomBytes(16) };
}

function firstGlobalAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces())
    .flat()
    .filter((entry) => entry !== undefined && !entry.internal && !entry.address.startsWith('fe80'));
  return (addresses.find((entry) => entry?.family === 'IPv4') ?? addresses[0])?.address;
}
