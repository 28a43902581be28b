// What the writer says with the offsets that it commits: which range it is about to insert.

/** A range that begins at the committed offset. */
export interface Pending {
  last: number;
  /** When it was begun, ms since 1970; of an earlier version 0: it did not say. */
  sinceMs: number;
}

export function encodePending(last: number, sinceMs: number): string {
  return JSON.stringify({ v: 2, last, since: sinceMs });
}

/** @throws {Error} on metadata of another version: better stop than insert twice */
export function decodePending(metadata: string): Pending | undefined {
  if (metadata === '') return undefined;
  const value = JSON.parse(metadata) as { v: number; last: number; since?: number };
  if (value.v !== 1 && value.v !== 2) throw new Error(`commit metadata version ${value.v} is not known`);
  return { last: value.last, sinceMs: value.since ?? 0 };
}
