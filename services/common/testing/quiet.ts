import { pino } from 'pino';

/** A logger for tests that do not look at logs. */
export const quietLog = pino({ level: 'silent' });
