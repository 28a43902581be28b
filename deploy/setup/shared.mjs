// What all set-up steps use. Plain JavaScript without packages: it runs before any is there, on whatever Node there is.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Inside node_modules, so that whoever deletes that folder starts afresh. */
const stamps = join(root, 'node_modules/.cache/tcxflow');

/** A step that cannot be done here; `remedy` is the command that would do it. */
export class SetupError extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** Progress goes to stderr: stdout belongs to the command that follows. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Runs a command without showing its output. `ok` is false also when there is no such command. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? result.error.message : ''}`;
  return { ok: result.status === 0, stdout: result.stdout ?? '', output: output.trim() };
}

/** The end of a command's output: where the reason of its failure stands. */
export function lastLines(text, count = 20) {
  return text.split('\n').slice(-count).join('\n');
}

/** Also looks where administrators' commands are, which is not on every user's PATH. */
export function findCommand(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** One hash over files and folders; what does not exist counts too. */
export function hashFiles(...paths) {
  const hash = createHash('sha256');
  for (const path of paths) addToHash(hash, path);
  return hash.digest('hex');
}

function addToHash(hash, path) {
  const file = join(root, path);
  hash.update(`\0${path}\0`);
  if (!existsSync(file)) return;
  const entries = listFolder(file);
  if (entries) for (const entry of entries) addToHash(hash, `${path}/${entry}`);
  else hash.update(readFileSync(file));
}

function listFolder(path) {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function hasStamp(name, hash) {
  const file = join(stamps, name);
  return existsSync(file) && readFileSync(file, 'utf8') === hash;
}

export function writeStamp(name, hash) {
  mkdirSync(dirname(join(stamps, name)), { recursive: true });
  writeFileSync(join(stamps, name), hash);
}
