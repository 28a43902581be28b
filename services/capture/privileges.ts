// Capture goes on with no more rights than it needs: as an unprivileged user where that can work, with a few capabilities.

import { chownSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '@tcxflow/common/errors.ts';
import { keepExpedite } from 'libbpf-ts/expedite.ts';
import { type Account, type Capability, readPrivileges, restartWith } from 'libbpf-ts/privileges.ts';
import { type CaptureConfig, wantsNamespaces } from './config.ts';

/** Set for the process that starts anew: empty, or why it is still root. */
const MARKER = 'TCXFLOW_PRIVILEGES';
const CANDIDATES = ['tcxflow', 'nobody'];

/** CAP_SYS_ADMIN enters other network namespaces; CAP_DAC_READ_SEARCH reaches those of containers. */
export function neededCapabilities(config: CaptureConfig): Capability[] {
  return [
    'bpf',
    'net_admin',
    ...(config.drops.rate > 0 ? (['perfmon'] as const) : []),
    ...(wantsNamespaces(config) ? (['sys_admin', 'dac_read_search'] as const) : []),
  ];
}

/** @param passwd a file as passwd(5) describes it */
export function accountOf(name: string, passwd: string): Account | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user]) => user === name);
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : undefined;
}

function chooseAccount(user: string): Account | undefined {
  const passwd = readFileSync('/etc/passwd', 'utf8');
  if (user !== 'auto') {
    const account = accountOf(user, passwd);
    if (!account)
      throw new ConfigError(`capture.user: ${user} is not in /etc/passwd`, { hint: 'auto, root, or a user' });
    return account.uid === 0 ? undefined : account;
  }
  return CANDIDATES.map((name) => accountOf(name, passwd)).find((account) => account !== undefined);
}

/** Does something as another user, in all threads, and comes back. */
function as<T>({ uid, gid }: Account, work: () => T): T {
  const before = { gid: process.getegid?.() ?? 0, uid: process.geteuid?.() ?? 0, groups: process.getgroups?.() ?? [] };
  process.setgroups?.([gid]);
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return work();
  } finally {
    process.seteuid?.(before.uid);
    process.setegid?.(before.gid);
    process.setgroups?.(before.groups);
  }
}

/** The spool and what earlier runs left in it become theirs. */
function handOver(folder: string, { uid, gid }: Account): void {
  mkdirSync(folder, { recursive: true });
  chownSync(folder, uid, gid);
  for (const name of readdirSync(folder)) chownSync(join(folder, name), uid, gid);
}

/** @returns the reason why that user could not do the work, if there is one */
function obstacle(account: Account, files: readonly string[], spoolFolder: string | undefined): string | undefined {
  return as(account, () => {
    for (const file of files) {
      try {
        closeSync(openSync(file, 'r'));
      } catch {
        return `${file} can't be read by user ${account.uid}`;
      }
    }
    if (!spoolFolder) return undefined;
    const probe = join(spoolFolder, `probe-${process.pid}`);
    try {
      closeSync(openSync(probe, 'w'));
      rmSync(probe);
      return undefined;
    } catch {
      return `${spoolFolder} can't be written by user ${account.uid}`;
    }
  });
}

/**
 * Starts the process anew with fewer rights, unless it has no more than it needs. Call it before anything is opened.
 * @param configFile undefined: none is read @throws {ConfigError} a user that does not exist
 */
export function dropPrivileges(config: CaptureConfig, configFile: string | undefined): void {
  if (process.env[MARKER] !== undefined) return;
  const needed = neededCapabilities(config);
  const { known, only } = readPrivileges();
  const root = process.geteuid?.() === 0;
  const kept = known.filter((capability) => needed.includes(capability));
  if (!root && only && kept.length === known.length) return;

  // Without more than it needs it can't change the user either.
  let account = root && !only ? chooseAccount(config.user) : undefined;
  let reason = '';
  if (account) {
    const spoolFolder = config.spoolBytes > 0 ? config.spoolFolder : undefined;
    if (spoolFolder) handOver(spoolFolder, account);
    const files = [
      process.execPath,
      ...(process.argv[1] ? [process.argv[1]] : []),
      ...(configFile ? [configFile] : []),
    ];
    reason = obstacle(account, files, spoolFolder) ?? '';
    if (reason !== '') {
      if (spoolFolder) handOver(spoolFolder, { uid: 0, gid: 0 });
      account = undefined;
    }
  }
  process.env[MARKER] = reason;
  if (config.expediteRcu) keepExpedite();
  restartWith(account, kept);
}

/** For the log: as whom this process runs, and what it may do. */
export function describePrivileges(): { uid: number | undefined; capabilities: Capability[]; stillRoot?: string } {
  const reason = process.env[MARKER];
  return {
    uid: process.geteuid?.(),
    capabilities: readPrivileges().known,
    ...(reason ? { stillRoot: reason } : {}),
  };
}
