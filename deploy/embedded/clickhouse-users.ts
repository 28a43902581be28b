// Who may do what in the embedded ClickHouse. Passwords are random, made once, and readable by the owner of the folder alone.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Passwords {
  tcxflow: string;
  analyst: string;
}

const ANALYST_MEMORY_BYTES = 2_000_000_000;
const ANALYST_SECONDS = 60;

/** What migrations may create tables with: nothing that reads files, URLs or other servers. */
const ENGINES = [
  ...['MergeTree', 'ReplacingMergeTree', 'SummingMergeTree', 'AggregatingMergeTree', 'CoalescingMergeTree'],
  ...['CollapsingMergeTree', 'VersionedCollapsingMergeTree', 'Null', 'Memory', 'Set', 'Join', 'Buffer', 'Dictionary'],
];

const grants = {
  // What the start script needs, see startupQuery in clickhouse.ts.
  default: ['CREATE DATABASE ON tcxflow.*', 'SYSTEM LISTEN ON *.*', 'READ ON FILE', 'CREATE TEMPORARY TABLE ON *.*'],
  tcxflow: [
    ...['ALL ON tcxflow.*', 'SELECT ON system.*', 'KILL QUERY ON *.*', 'CREATE TEMPORARY TABLE ON *.*'],
    // SQL functions belong to no database.
    ...['CREATE FUNCTION ON *.*', 'DROP FUNCTION ON *.*'],
    ...ENGINES.map((engine) => `TABLE ENGINE ON ${engine}`),
  ],
  analyst: ['SELECT ON tcxflow.*'],
};

/** Reads the passwords of earlier starts, or makes them. */
export function loadPasswords(file: string): Passwords {
  try {
    const { tcxflow, analyst } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Passwords>;
    if (tcxflow && analyst) return { tcxflow, analyst };
  } catch (error) {
    // Missing or torn: users.xml is written anew at each start, so new passwords are as good as the old.
    if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const passwords = { tcxflow: randomBytes(18).toString('base64url'), analyst: randomBytes(18).toString('base64url') };
  writeSecret(file, `${JSON.stringify(passwords, null, 2)}\n`);
  return passwords;
}

/** Mode 0600 from its first byte on, and whole or not at all. */
export function writeSecret(file: string, text: string): void {
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, file);
}

/**
 * The engine opens its own session as `default` without a password; that cannot be changed. So `default` may have that one
 * session only: whoever tries it over HTTP is refused (code 700), and could do next to nothing anyway.
 */
export function usersXml(passwords: Passwords): string {
  return `<clickhouse>
  <profiles>
    <default/>
    <engine>
      <max_sessions_for_user>1</max_sessions_for_user>
      <constraints><max_sessions_for_user><readonly/></max_sessions_for_user></constraints>
    </engine>
    <analyst>
      <readonly>2</readonly>
      <max_memory_usage>${ANALYST_MEMORY_BYTES}</max_memory_usage>
      <max_execution_time>${ANALYST_SECONDS}</max_execution_time>
      <!-- readonly 2 lets settings be changed, which Grafana needs; these two only downwards, and 0 would mean no limit. -->
      <constraints>
        <max_memory_usage><min>1</min><max>${ANALYST_MEMORY_BYTES}</max></max_memory_usage>
        <max_execution_time><min>1</min><max>${ANALYST_SECONDS}</max></max_execution_time>
      </constraints>
    </analyst>
  </profiles>
  <quotas><default/></quotas>
  <users>
${user('default', 'engine', '<no_password/>', grants.default)}
${user('tcxflow', 'default', sha256(passwords.tcxflow), grants.tcxflow)}
${user('analyst', 'analyst', sha256(passwords.analyst), grants.analyst)}
  </users>
</clickhouse>
`;
}

/** Explicit grants also are what denies file(), url() and the like: a user without any has them all. */
function user(name: string, profile: string, authentication: string, allowed: string[]): string {
  const queries = allowed.map((grant) => `        <query>GRANT ${grant}</query>`).join('\n');
  return `    <${name}>
      ${authentication}
      <networks><ip>127.0.0.1</ip></networks>
      <profile>${profile}</profile>
      <quota>default</quota>
      <grants>
${queries}
      </grants>
    </${name}>`;
}

function sha256(password: string): string {
  return `<password_sha256_hex>${createHash('sha256').update(password).digest('hex')}</password_sha256_hex>`;
}
