// Debian's and Ubuntu's packages. What counts is whether the file or command is there, however it came: a machine that has
// them all needs neither apt nor root.

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jarsAreThere } from './artefacts.mjs';
import { findCommand, lastLines, run, SetupError, say } from './shared.mjs';

const command = (name) => () => findCommand(name) !== undefined;
const header = (name) => () => existsSync(`/usr/include/${name}`);

/** `packages`: the first that this release offers is taken. */
const base = [
  { packages: ['gcc'], present: () => Boolean(process.env.CC) || command('cc')(), why: 'compiles the addon' },
  { packages: ['libc6-dev'], present: header('stdio.h'), why: 'compiles the addon' },
  { packages: ['libbpf-dev'], present: header('bpf/libbpf.h'), why: 'loads the BPF programs' },
  { packages: ['libelf-dev'], present: header('libelf.h'), why: 'libbpf reads object files with it' },
  { packages: ['zlib1g-dev'], present: header('zlib.h'), why: 'libbpf needs it' },
  { packages: ['linux-libc-dev'], present: header('linux/bpf.h'), why: 'the kernel’s interfaces' },
  { packages: ['iproute2'], present: command('ip'), why: 'builds the lab' },
  { packages: ['iputils-ping'], present: command('ping'), why: 'traffic in the lab' },
  { packages: ['default-jre-headless'], present: () => javaVersion() >= 17, why: 'runs the embedded Kafka' },
  { packages: ['maven'], present: () => command('mvn')() || jarsAreThere(), why: 'fetches Kafka’s jars' },
];

const forTests = [
  { packages: ['nfdump'], present: command('nfdump'), why: 'reads what sfcapd wrote' },
  // Some releases have it in a package of its own, others in nfdump.
  { packages: ['nfdump-sflow', 'nfdump'], present: command('sfcapd'), why: 'receives sFlow' },
  { packages: ['pmacct'], present: command('sfacctd'), why: 'receives sFlow' },
  { packages: ['tshark'], present: command('tshark'), why: 'dissects sFlow' },
  { packages: ['kcat', 'kafkacat'], present: command('kcat'), why: 'a second Kafka client' },
  { packages: ['tcpdump'], present: command('tcpdump'), why: 'captures packets' },
  { packages: ['ethtool'], present: command('ethtool'), why: 'switches offloads' },
  { packages: ['nftables'], present: command('nft'), why: 'counts packets independently' },
  { packages: ['iperf3'], present: command('iperf3'), why: 'makes traffic' },
  { packages: ['clang'], present: command('clang'), why: 'rebuilds the BPF object' },
  { packages: ['llvm'], present: command('llvm-strip'), why: 'rebuilds the BPF object' },
];

export function packagesStep(withTests) {
  const absent = [...base, ...(withTests ? forTests : [])].filter(({ present }) => !present());
  return {
    name: 'system packages',
    done: absent.length === 0,
    run: () => install(absent),
  };
}

function install(wanted) {
  const plain = `apt-get update && apt-get install -y --no-install-recommends ${wanted.map((w) => w.packages[0]).join(' ')}`;
  if (!findCommand('apt-get')) {
    const what = wanted.map(({ packages, why }) => `${packages[0]} (${why})`).join(', ');
    throw new SetupError(`missing, and this system has no apt-get: ${what}`, `on Debian or Ubuntu: ${plain}`);
  }
  const apt = aptAs();
  if (!apt)
    throw new SetupError('installing packages needs root, and sudo would ask for a password', `sudo sh -c '${plain}'`);

  for (const { packages, why } of wanted) say(`apt: installing ${packages[0]} (${why})`);
  // Fresh machines and containers have no package lists; then nothing has a candidate.
  if (wanted.some(({ packages }) => !available(packages))) update(apt);
  const names = [...new Set(wanted.map(({ packages }) => available(packages) ?? packages[0]))];
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...names];
  let result = apt(install);
  if (!result.ok) {
    // Old lists name versions that the mirror has dropped since.
    update(apt);
    result = apt(install);
  }
  const missing = wanted.filter(({ present }) => !present()).map(({ packages }) => packages[0]);
  if (!result.ok || missing.length > 0) {
    const which = missing.length > 0 ? `still missing: ${missing.join(' ')}\n` : '';
    throw new SetupError(`apt-get failed\n${which}${lastLines(result.output)}`, plain);
  }
}

/** As root, or through sudo where it asks for nothing. */
function aptAs() {
  const options = ['-o', 'DPkg::Lock::Timeout=120'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (process.getuid?.() === 0) return (args) => run('apt-get', [...options, ...args], { env });
  if (!run('sudo', ['-n', 'true']).ok) return undefined;
  return (args) => run('sudo', ['-n', 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, ...args]);
}

/** A failure is not the end: what is wanted may be on a mirror that did answer; the installation tells. */
function update(apt) {
  say('apt: updating the package lists');
  if (!apt(['update', '-qq']).ok) apt(['update', '-qq']);
}

function available(packages) {
  return packages.find((name) =>
    /Candidate: (?!\(none\))/.test(run('apt-cache', ['policy', name], { env: { ...process.env, LC_ALL: 'C' } }).stdout),
  );
}

/** From the file beside the runtime, because asking `java` itself takes as long as the rest of a finished set-up. */
function javaVersion() {
  const { JAVA_HOME } = process.env;
  const java = JAVA_HOME && existsSync(`${JAVA_HOME}/bin/java`) ? `${JAVA_HOME}/bin/java` : findCommand('java');
  if (!java) return 0;
  const release = join(dirname(realpathSync(java)), '../release');
  const text = existsSync(release) ? readFileSync(release, 'utf8') : run(java, ['-version']).output;
  return Number(/(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)/.exec(text)?.[1] ?? 0);
}
