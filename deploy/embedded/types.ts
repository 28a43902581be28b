// What both engines share with whoever starts them.

/** The part of a pino logger that is used here. */
export interface EmbeddedLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Something the operator can mend; `hint` says how. */
export class EmbeddedError extends Error {
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'EmbeddedError';
    this.code = code;
    this.hint = hint;
  }
}
