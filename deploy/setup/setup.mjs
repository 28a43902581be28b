// Brings a fresh machine to where `npm start` and `npm test` work, and does nothing, quickly, on one that is there already.

import { addonStep, jarsStep } from './artefacts.mjs';
import { librariesStep } from './libraries.mjs';
import { packagesStep } from './packages.mjs';
import { SetupError, say } from './shared.mjs';

const usage = `usage: node deploy/setup/setup.mjs [--quiet] [--test]

Installs what this project needs, step by step; a step that is done is skipped:
  system packages   compiler, libbpf, Java, Maven, iproute2 (apt, as root or through sudo)
  npm packages      Node 24 and the libraries (npm ci)
  addon             bpf/native, compiled
  Kafka jars        for the embedded Kafka (Maven)

  --test    also the collectors and tools that tests compare with
  --quiet   say nothing about steps that are done
`;

function main(args) {
  const unknown = args.find((arg) => !['--quiet', '--test', '--help'].includes(arg));
  if (unknown !== undefined) {
    process.stderr.write(`setup: unknown option ${unknown}\n${usage}`);
    return 2;
  }
  if (args.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  const startedAt = Date.now();
  let worked = false;
  // Asked for one after the other: a step's state may depend on what the one before it did.
  for (const makeStep of [() => packagesStep(args.includes('--test')), librariesStep, addonStep, jarsStep]) {
    const step = makeStep();
    if (step.done) {
      if (!args.includes('--quiet')) say(`${step.name}: there`);
      continue;
    }
    try {
      step.run();
      worked = true;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(`setup: ${step.name}: ${error.message}\n\nThis would do it:\n  ${error.remedy}`);
      return 1;
    }
  }
  if (worked) say(`set-up complete in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
