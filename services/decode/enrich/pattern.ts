// Patterns of classification rules: text with * and ?, or /a regular expression/. They meet names that hosts choose, so
// none may take long: globs are matched without backtracking into more than the last star, and an expression that could
// take more than some cube of the text's length is refused when the configuration is read.

export const PATTERN_CHARS_MAX = 200;
const TEXT_CHARS_MAX = 256;
const REPEATS_MAX = 2;

export type Matcher = (text: string) => boolean;

/** @returns why a pattern cannot be used; undefined when it can */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > PATTERN_CHARS_MAX) return `at most ${PATTERN_CHARS_MAX} characters`;
  const source = expressionOf(pattern);
  if (source === undefined) return undefined;
  try {
    new RegExp(source, 'u');
  } catch (error) {
    return (error as Error).message;
  }
  // What is escaped or in a class repeats nothing.
  const bare = source.replace(/\\k<|\\[1-9]/g, '\\k').replace(/\\[^k]|\[(?:\\.|[^\]\\])*\]/g, 'x');
  if (bare.includes('\\k')) return 'an expression without references to groups';
  if (/\)[*+{]/.test(bare)) return 'an expression without repeated groups';
  const repeats = bare.match(/[*+{]/g)?.length ?? 0;
  return repeats > REPEATS_MAX ? `an expression with at most ${REPEATS_MAX} of * + {}` : undefined;
}

/**
 * @param pattern one without a problem
 * @returns a test; of longer texts the first 256 characters are looked at
 */
export function compilePattern(pattern: string): Matcher {
  const source = expressionOf(pattern);
  const expression = source === undefined ? undefined : new RegExp(source, 'u');
  return (text) => {
    const cut = text.slice(0, TEXT_CHARS_MAX);
    return expression ? expression.test(cut) : matchesGlob(pattern, cut);
  };
}

function expressionOf(pattern: string): string | undefined {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/') ? pattern.slice(1, -1) : undefined;
}

/** Only the last star is tried again: earlier ones have found their earliest place, and later is never better. */
function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let retryFrom = 0;
  for (let i = 0; i < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      retryFrom = i;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++retryFrom;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
