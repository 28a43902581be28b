// Where a frame of the own corpus decodes to something else than tshark 4.0 shows, and why.

export const ownExceptions: Record<string, Record<string, unknown>> = {};
