// `tcxflow capture explain`: every interface, the rule that won, and why. Loads no program, so it needs no rights.

import { parseArgs } from 'node:util';
import { loadConfig } from '@tcxflow/common/config.ts';
import { listLinks, readLinkSpeed } from 'libbpf-ts/links.ts';
import { listNamespaces, ownNamespace } from 'libbpf-ts/namespaces.ts';
import { captureSchema, numberedRules } from './config.ts';
import { type Decision, decide, kindOf } from './interfaces.ts';
import { rulesOf, wantedNamespaces } from './namespace-set.ts';

const usage = `Usage: tcxflow capture explain [--config FILE]

Shows every interface, the rule that decides on it, and why. Rules: capture.interfaces in the configuration.
`;

/** @returns the exit code */
export function explainCommand(argv: string[]): number {
  const { values } = parseArgs({
    args: argv,
    options: { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const { capture } = loadConfig(captureSchema, { file: values.config });
  const rules = numberedRules(capture);
  const namespaces = wantedNamespaces(rules, listNamespaces(), ownNamespace().inode);
  const rows = [['interface', 'index', 'kind', 'state', 'speed', 'ingress', 'egress', 'why']];
  for (const { name: netns, named } of namespaces)
    for (const link of listLinks(named?.path)) {
      const speedBps = readLinkSpeed(link.name, named?.path).bitsPerSecond;
      const { ingress, egress } = decide({ link, speedBps }, rulesOf(rules, netns));
      rows.push([
        netns ? `${netns}/${link.name}` : link.name,
        String(link.ifIndex),
        kindOf(link),
        link.operState,
        speedBps > 0 ? `${speedBps / 1_000_000} Mbit/s` : '-',
        rateText(ingress),
        rateText(egress),
        ingress.why === egress.why ? ingress.why : `in: ${ingress.why}; out: ${egress.why}`,
      ]);
    }
  process.stdout.write(renderTable(rows));
  return 0;
}

function rateText({ rate }: Decision): string {
  return rate > 0 ? `1:${rate}` : 'no';
}

/** Columns as wide as their widest cell. Pure. */
export function renderTable(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
