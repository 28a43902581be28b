// What is built or fetched by other tools than npm: the addon, and Kafka's jars.

import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, hasStamp, lastLines, root, run, SetupError, say, writeStamp } from './shared.mjs';

const ADDON = 'bpf/build/libbpf.node';
const POM = 'deploy/embedded/kafka/pom.xml';
const JARS = join(root, 'deploy/embedded/kafka/jars');

export function addonStep() {
  const hash = hashFiles('bpf/native', 'bpf/build.sh', 'bpf/sample.h');
  const buildable = existsSync(join(root, 'bpf/build.sh'));
  return {
    name: 'addon',
    done: !buildable || (existsSync(join(root, ADDON)) && hasStamp('addon', hash)),
    run() {
      say('addon: compiling bpf/native into bpf/build/libbpf.node');
      const result = run('sh', ['bpf/build.sh']);
      if (!result.ok)
        throw new SetupError(`the addon does not compile\n${lastLines(result.output, 40)}`, 'V=1 sh bpf/build.sh');
      writeStamp('addon', hash);
    },
  };
}

/** The stamp lies with the jars, so that it goes when they go; it is also written last. */
export function jarsAreThere() {
  const stamp = join(JARS, '.pom-hash');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hashFiles(POM);
}

export function jarsStep() {
  return { name: 'Kafka jars', done: jarsAreThere(), run: fetchJars };
}

function fetchJars() {
  say('maven: fetching Kafka (54 MB) into deploy/embedded/kafka/jars');
  const fresh = `${JARS}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const args = ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${fresh}`];
  const result = run('mvn', args);
  if (!result.ok || !readdirSync(fresh).some((name) => name.startsWith('kafka_'))) {
    rmSync(fresh, { recursive: true, force: true });
    const remedy = `mvn -f ${POM} dependency:copy-dependencies -DoutputDirectory=jars   (needs the network)`;
    throw new SetupError(`Maven could not fetch Kafka's jars\n${firstLines(result.output)}`, remedy);
  }
  writeFileSync(join(fresh, '.pom-hash'), hashFiles(POM));
  rmSync(JARS, { recursive: true, force: true });
  renameSync(fresh, JARS);
}

/** Maven gives its reason first, then advice about Maven. */
function firstLines(text) {
  return text.split('\n').slice(0, 6).join('\n');
}
