// Rows of interface_counters, host_counters and interfaces, out of one message of tcxflow.counters.v1.

import type { Counters } from '@tcxflow/schemas/generated.ts';
import { addressText, plainAddressText, timeText } from './text.ts';

/** Rows of interface_counters. Without Ethernet counters its columns are left out, which makes them NULL. */
export function counterRows({ timeNs, agent, bootId, interfaces }: Counters): object[] {
  const common = { time: timeText(timeNs), agent, bootId: bootId.toString('hex') };
  return interfaces.map(({ ethernet, ...entry }) => ({ ...common, ...entry, ...ethernet }));
}

/** The row of host_counters: cpu.userMs of the message is cpuUserMs there. A message without a host has none. */
export function hostRows({ timeNs, agent, agentAddress, bootId, host }: Counters): object[] {
  if (!host) return [];
  const { description, ...sections } = host;
  const row: Record<string, unknown> = {
    time: timeText(timeNs),
    agent,
    agentAddress: addressText(agentAddress),
    bootId: bootId.toString('hex'),
    hostname: description?.hostname ?? '',
    uuid: description?.uuid?.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') ?? '',
    machineType: description?.machineType ?? 0,
    osRelease: description?.osRelease ?? '',
  };
  for (const [section, values] of Object.entries(sections))
    for (const [name, value] of Object.entries(values ?? {}))
      row[`${section}${name.charAt(0).toUpperCase()}${name.slice(1)}`] = value;
  return [row];
}

/** Rows of interfaces. */
export function interfaceRows({ agent, bootId, metadata }: Counters): object[] {
  const common = { agent, bootId: bootId.toString('hex') };
  return metadata.map(({ validFromNs, addresses, ...entry }) => ({
    validFrom: timeText(validFromNs),
    ...common,
    ...entry,
    addresses: addresses.map(({ address, prefixBits }) => `${plainAddressText(address)}/${prefixBits}`),
  }));
}
