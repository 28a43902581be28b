// What every service's main.ts calls: arguments, configuration, logs, metrics, health, lifecycle.

import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { type CommonConfig, dumpConfig, loadConfig } from './config.ts';
import { ConfigError, reportFatal } from './errors.ts';
import { createHealthServer } from './http.ts';
import { type Component, type Fail, runComponents } from './lifecycle.ts';
import { createLogger, type Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface ServiceContext<Config> {
  config: Config;
  log: Logger;
  metrics: Metrics;
  fail: Fail;
}

export interface ServiceDefinition<Schema extends z.ZodType<CommonConfig>> {
  name: string;
  /** One sentence for --help. */
  about: string;
  schema: Schema;
  /** Wires the components, in the order they start. Does no I/O. */
  build(context: ServiceContext<z.output<Schema>>): Component[];
}

/** Runs a service to its end. @returns the exit code */
export async function runService<Schema extends z.ZodType<CommonConfig>>(
  service: ServiceDefinition<Schema>,
  argv: string[],
): Promise<number> {
  try {
    const flags = parseFlags(argv);
    if (flags.help) {
      process.stdout.write(usage(service.name, service.about));
      return 0;
    }
    const config = loadConfig(service.schema, { file: flags.config });
    if (flags.dump) process.stdout.write(dumpConfig(config));
    if (flags.check) process.stdout.write('configuration is valid\n');
    if (flags.dump || flags.check) return 0;

    const log = createLogger(config.log, service.name);
    const metrics = createMetrics(service.name);
    const health = createHealthServer(config.http, metrics, log);
    const exitCode = await runComponents((fail) => [health, ...service.build({ config, log, metrics, fail })], {
      log,
      deadlineMs: config.shutdown.deadlineMs,
      onReady: () => {
        health.setReady(true);
        log.info('ready');
      },
    });
    // What did not stop within the deadline must not keep the process.
    setTimeout(() => process.exit(exitCode), 1000).unref();
    return exitCode;
  } catch (error) {
    return reportFatal(error);
  }
}

function parseFlags(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        config: { type: 'string', short: 'c' },
        check: { type: 'boolean' },
        dump: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    throw new ConfigError((cause as Error).message, { cause, hint: 'see --help' });
  }
}

function usage(name: string, about: string): string {
  return `Usage: tcxflow ${name} [--config FILE] [--check | --dump]

${about}

  -c, --config FILE  YAML configuration; TCXFLOW_SECTION__KEY variables override it
      --check        validate the configuration and exit
      --dump         print the effective configuration without secrets and exit
  -h, --help         this text
`;
}
