// npm's packages, Node 24 among them.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findCommand, hashFiles, hasStamp, lastLines, root, run, SetupError, say, writeStamp } from './shared.mjs';

const NODE = 'node_modules/.bin/node';

export function librariesStep() {
  const hash = hashFiles('package-lock.json');
  let done = isNodeThere() && hasStamp('npm-ci', hash);
  if (!done && isNodeThere() && matchesLock()) {
    // Somebody ran npm ci by hand.
    writeStamp('npm-ci', hash);
    done = true;
  }
  return { name: 'npm packages', done, run: () => install(hash) };
}

function install(hash) {
  say('npm ci: installing node 24 and libraries (about a minute)');
  const args = ['ci', '--loglevel=error', '--no-audit', '--no-fund', '--no-progress'];
  // npm_execpath is npm's own script when npm runs this. It goes to the Node that runs npm: process.execPath may be in the
  // node_modules that npm ci deletes first; for the same reason that folder's commands leave the PATH.
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  const PATH = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith('node_modules/.bin'))
    .join(delimiter);
  const env = { ...process.env, PATH };
  const outside = node && existsSync(node) && !node.startsWith(join(root, 'node_modules')) ? node : 'node';
  const result = npm?.endsWith('.js') ? run(outside, [npm, ...args], { env }) : run('npm', args, { env });
  if (!result.ok) {
    if (!npm && !findCommand('npm')) throw new SetupError('there is no npm', 'apt-get install -y npm');
    throw new SetupError(`npm ci failed\n${lastLines(result.output)}`, 'npm ci   (needs the network)');
  }
  const version = run(join(root, NODE), ['--version']).stdout.trim();
  if (!version.startsWith('v24.')) {
    throw new SetupError(
      `npm ci did not bring Node 24 (found: ${version || 'none'}); its install script may be switched off`,
      'npm ci --ignore-scripts=false',
    );
  }
  writeStamp('npm-ci', hash);
}

/** Before its install script has run, the package holds no binary. */
function isNodeThere() {
  const file = join(root, NODE);
  return existsSync(file) && statSync(file).size > 1_000_000;
}

/** npm notes what it installed, at the very end, in a lock file of its own. */
function matchesLock() {
  try {
    const wanted = readPackages('package-lock.json');
    const installed = readPackages('node_modules/.package-lock.json');
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => (optional && !installed[path]) || installed[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function readPackages(file) {
  const { packages } = JSON.parse(readFileSync(join(root, file), 'utf8'));
  return Object.fromEntries(
    Object.entries(packages).filter(([path, { link }]) => path.startsWith('node_modules/') && !link),
  );
}
