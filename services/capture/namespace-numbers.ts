// A number for each namespace's name, which makes interface indexes unique for the agent. A name keeps its number for as long
// as the process lives, up to as many names as fit an index of 31 bits; then the number of the name that was not seen for
// longest goes to a new one. Pure.

import { CaptureError } from 'libbpf-ts/errors.ts';
import { isExact } from './interfaces.ts';
import type { NumberedRule } from './namespace.ts';

export interface NamespaceNumbers {
  /**
   * Numbers 0, 1, … for the process's own namespace and for exact names, in the order of the rules. 0 leaves indexes and
   * names as the kernel has them.
   */
  reserve(rules: readonly NumberedRule[]): void;
  /** @param inUse of a name that must keep its number */
  of(name: string | undefined, inUse: (name: string | undefined) => boolean): number;
}

/** (2^31 - 1) / 1,000,000 */
const NUMBERS = 2147;

export function createNamespaceNumbers(size = NUMBERS): NamespaceNumbers {
  /** The one asked for last is last. */
  const numbers = new Map<string | undefined, number>();

  function take(inUse: (name: string | undefined) => boolean): number {
    if (numbers.size < size) return numbers.size;
    const [oldest, number] = [...numbers].find(([other, taken]) => taken > 0 && !inUse(other)) ?? [];
    if (number === undefined)
      throw new CaptureError('TOO_MANY_NAMESPACES', `${size} namespaces are followed already`, {
        hint: 'let the rules name fewer',
      });
    numbers.delete(oldest);
    return number;
  }

  function of(name: string | undefined, inUse: (name: string | undefined) => boolean): number {
    const number = numbers.get(name) ?? take(inUse);
    numbers.delete(name);
    numbers.set(name, number);
    return number;
  }

  return {
    reserve(rules) {
      for (const { rule } of rules) if (rule.netns === undefined || isExact(rule.netns)) of(rule.netns, () => true);
      // A pattern's namespaces come in no order: none of them is the first.
      if (numbers.size === 0) of(undefined, () => true);
    },
    of,
  };
}
