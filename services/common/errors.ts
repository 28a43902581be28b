// Errors classed by what to do next: fix the configuration and start again, or look at the environment.

export const EXIT_FAILURE = 1;
export const EXIT_CONFIG = 2;

/** An error that an operator can act on; docs/reference/errors.md lists the codes. */
export class TcxflowError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: number;
  constructor(code: string, message: string, options: ErrorOptions & { hint?: string; exitCode?: number } = {}) {
    super(message, options);
    this.name = 'TcxflowError';
    this.code = code;
    this.hint = options.hint ?? '';
    this.exitCode = options.exitCode ?? EXIT_FAILURE;
  }
}

/** A configuration that can't be used: names the key, the value and what would be accepted. Exit code 2. */
export class ConfigError extends TcxflowError {
  constructor(message: string, options: ErrorOptions & { hint?: string } = {}) {
    super('CONFIG', message, { ...options, exitCode: EXIT_CONFIG });
    this.name = 'ConfigError';
  }
}

/**
 * Prints what went wrong, with its code, and what to do; the stack only of errors that nobody foresaw.
 * @returns the exit code
 */
export function reportFatal(error: unknown): number {
  const { message, stack, code, hint, exitCode } = Object(error) as Partial<TcxflowError>;
  const text = code && (hint || error instanceof TcxflowError) ? `${code}: ${message}` : (stack ?? String(error));
  const advice = hint && !message?.includes(hint) ? `  ${hint}\n` : '';
  process.stderr.write(`tcxflow: ${text}\n${advice}`);
  return exitCode ?? EXIT_FAILURE;
}
