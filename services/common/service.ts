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
  /** Reads and validates the configuration again. @throws {ConfigError} */
  reload: () => Config;
  /** Whose values reload() gives; undefined: none is read. */
  configFile?: string | undefined;
}

export interface ServiceDefinition<Schema extends z.ZodType<CommonConfig>> {
  name: string;
  /** One sentence for --help. */
  about: string;
  schema: Schema;
  /** Further commands of the service, by name: `tcxflow SERVICE COMMAND`. */
  commands?: Record<string, (argv: string[]) => number | Promise<number>>;
  /** `tcxflow SERVICE FILE`: what it does with an argument that is no command and no option. */
  fileCommand?: (argv: string[]) => number | Promise<number>;
  /** Before anything is opened or logged; may start the process anew. @param configFile undefined: none is read */
  prepare?(config: z.output<Schema>, configFile: string | undefined): void;
  /** Wires the components, in the order they start. Does no I/O. */
  build(context: ServiceContext<z.output<Schema>>): Component[];
}

/** Runs a service to its end. @returns the exit code */
export async function runService<Schema extends z.ZodType<CommonConfig>>(
  service: ServiceDefinition<Schema>,
  argv: string[],
): Promise<number> {
  try {
    const command = service.commands?.[argv[0] ?? ''];
    if (command) return await command(argv.slice(1));
    if (service.fileCommand && argv[0] && !argv[0].startsWith('-')) return await service.fileCommand(argv);
    const flags = parseFlags(argv);
    if (flags.help) {
      process.stdout.write(usage(service));
      return 0;
    }
    const reload = () => loadConfig(service.schema, { file: flags.config });
    const config = reload();
    if (flags.dump) process.stdout.write(dumpConfig(config));
    if (flags.check) process.stdout.write('configuration is valid\n');
    if (flags.dump || flags.check) return 0;

    service.prepare?.(config, flags.config);
    const log = createLogger(config.log, service.name);
    const metrics = createMetrics(service.name);
    const health = createHealthServer(config.http, metrics, log);
    const context = { config, log, metrics, reload, configFile: flags.config };
    const exitCode = await runComponents((fail) => [health, ...service.build({ ...context, fail })], {
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

type Described = Pick<ServiceDefinition<never>, 'name' | 'about' | 'commands' | 'fileCommand'>;

function usage({ name, about, commands = {}, fileCommand }: Described): string {
  const file = fileCommand ? `       tcxflow ${name} FILE\n` : '';
  const more = Object.keys(commands).map((command) => `       tcxflow ${name} ${command} [--config FILE]\n`);
  return `Usage: tcxflow ${name} [--config FILE] [--check | --dump]
${file}${more.join('')}
${about}

  -c, --config FILE  YAML configuration; TCXFLOW_SECTION__KEY variables override it
      --check        validate the configuration and exit
      --dump         print the effective configuration without secrets and exit
  -h, --help         this text
`;
}
