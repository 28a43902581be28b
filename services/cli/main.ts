// The `tcxflow` command: each service, all of them (`up`), and the tools.

import { EXIT_CONFIG, reportFatal } from '@tcxflow/common/errors.ts';
import { runService } from '@tcxflow/common/service.ts';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { services } from './services.ts';

const positiveInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of 1 or more is wanted.');
  return value;
};
const collect = (value: string, list: string[]) => [...list, value];

const program = new Command('tcxflow')
  .description('Traffic visibility for Linux hosts that can prove its numbers.')
  .exitOverride();

program
  .command('up')
  .description('run everything on this machine; without --interface in a small lab network of its own')
  .option('-i, --interface <name>', 'sample this interface (repeatable; patterns with * and ?)', collect, [])
  .option('-r, --rate <n>', 'sample 1 of n packets (default: 10 in the lab, 1000 on interfaces)', positiveInteger)
  .option('--sflow <host:port>', 'send sFlow v5 to this collector (repeatable; default 127.0.0.1:6343)', collect, [])
  .option('--seconds <n>', 'stop after so many seconds of traffic, drain, and exit', positiveInteger)
  .option('--report <format>', 'json: one object with all counts as the last line of stdout (with --seconds)')
  .option('--window <seconds>', 'length of the aggregation windows', positiveInteger, 10)
  .option('--data-dir <path>', 'where Kafka, ClickHouse and logs are kept', '.tcxflow')
  .option('-c, --config <file>', 'use the Kafka and ClickHouse of this configuration, in place of embedded ones')
  .action(async (options) => {
    const { up } = await import('./up/up.ts');
    process.exitCode = await up(options);
  });

for (const [name, service] of Object.entries(services))
  program
    .command(name)
    .description(service.about)
    .helpOption(false)
    .allowUnknownOption()
    .argument('[args...]')
    .action(async (args: string[]) => {
      process.exitCode = await runService(await service.load(), args);
    });

program
  .command('migrate')
  .description('bring the ClickHouse schema up to date')
  .option('-c, --config <file>', 'configuration file')
  .option('--dry-run', 'print what would be applied')
  .action(async (options) => {
    const { migrateCommand } = await import('./migrate.ts');
    process.exitCode = await migrateCommand(options);
  });

program
  .command('sql')
  .description('run a query, or a stock question by its name, and print a table')
  .argument('[query]', '@NAME of a stock question, or SQL, as "SELECT agent, sum(bytes) FROM flows_1m GROUP BY agent"')
  .option('-l, --list', 'list the stock questions')
  .option('-p, --param <name=value>', 'a parameter of the question, or of your SQL (repeatable)', collect, [])
  .option('-c, --config <file>', 'configuration file; default: what `tcxflow up` is running')
  .option('-f, --format <format>', 'any ClickHouse output format', 'PrettyCompactMonoBlock')
  .option('--data-dir <path>', 'of the running `tcxflow up`', '.tcxflow')
  .action(async (query: string | undefined, options) => {
    const { sqlCommand } = await import('./sql.ts');
    process.exitCode = await sqlCommand(query, options);
  });

program
  .command('ledger')
  .description(
    'what was sampled and what became of it, by minute and agent; exits 1 when anything was lost or is missing',
  )
  .option('--from <time>', 'UTC, as "2026-01-31 23:00"; default: an hour before --to')
  .option('--to <time>', 'default: now')
  .option('--agent <name>', 'only this one')
  .option('--json', 'all of it as one JSON object')
  .option('-c, --config <file>', 'configuration file; default: what `tcxflow up` is running')
  .option('--data-dir <path>', 'of the running `tcxflow up`', '.tcxflow')
  .action(async (options) => {
    const { ledgerCommand } = await import('./ledger/ledger.ts');
    process.exitCode = await ledgerCommand(options);
  });

const deadLetter = program.command('dead-letter').description('messages that services gave up on');
const deadLetterCommand = (name: string, description: string) =>
  deadLetter
    .command(name)
    .description(description)
    .option('-c, --config <file>', 'configuration file; default: the Kafka of a running `tcxflow up`')
    .option('--data-dir <path>', 'of the running `tcxflow up`', '.tcxflow')
    .option('--reason <code>', 'only those of this reason')
    .option('--stage <service>', 'only those that this service gave up on');

deadLetterCommand('list', 'all of them, oldest first').action(async (options) => {
  const { listCommand } = await import('./dead-letter/dead-letter.ts');
  process.exitCode = await listCommand(options);
});
deadLetterCommand('show', 'one of them, with its bytes')
  .argument('<id>', 'PARTITION/OFFSET, as list shows it')
  .action(async (id: string, options) => {
    const { showCommand } = await import('./dead-letter/dead-letter.ts');
    process.exitCode = await showCommand(id, options);
  });
deadLetterCommand('replay', 'send them to where they came from, each once')
  .argument('[ids...]', 'only these')
  .option('--dry-run', 'only say which')
  .action(async (ids: string[], options) => {
    const { replayCommand } = await import('./dead-letter/dead-letter.ts');
    process.exitCode = await replayCommand({ ...options, ids });
  });

program
  .command('doctor')
  .description('check this machine and say what to do')
  .option('-c, --config <file>', 'also check the Kafka and ClickHouse of this configuration')
  .option('--data-dir <path>', 'of the running `tcxflow up`', '.tcxflow')
  .action(async (options) => {
    const { doctorCommand } = await import('./doctor.ts');
    process.exitCode = await doctorCommand(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_CONFIG;
  else process.exitCode = reportFatal(error);
}
