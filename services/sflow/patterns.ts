// Names by pattern: `*` is any text, `?` one character, `!` before it leaves out what the others took.

/** @returns undefined: no pattern, everything matches */
export function matchesAny(patterns: readonly string[]): ((name: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!')).map(expressionOf);
  const unwanted = patterns
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => expressionOf(pattern.slice(1)));
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const matches =
      (wanted.length === 0 || wanted.some((pattern) => pattern.test(name))) &&
      !unwanted.some((pattern) => pattern.test(name));
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(name, matches);
    return matches;
  };
}

const KNOWN_MAX = 10_000;

function expressionOf(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${text}$`, 's');
}
