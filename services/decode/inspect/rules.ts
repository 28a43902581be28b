// Which classification rule set each field of an agent and of its interface, for people. Pure.

import { snakeKey } from '@tcxflow/common/config.ts';
import type { Classifier, InterfaceTraits } from '../enrich/classify.ts';
import type { Rule } from '../enrich/rules.ts';

/** A line a field: its value and the rule that won. @param traits undefined: only the agent's */
export function formatRules(
  rules: readonly Rule[],
  classifier: Classifier,
  agent: string,
  traits: InterfaceTraits | undefined,
): string {
  const { name = '', alias = '', kind = '', speedBps = 0 } = traits ?? {};
  const looked = [
    `agent ${agent}`,
    traits && `interface ${name || '-'}`,
    alias && `alias "${alias}"`,
    kind && `kind ${kind}`,
    speedBps > 0 && `${speedBps / 1_000_000} Mbit/s`,
  ];
  const lines = classifier.explain(agent, traits).map(({ field, value, rule }) => {
    const winner = rule === 0 ? 'no rule' : `rule ${String(rule).padEnd(3)} ${textOf(rules[rule - 1] as Rule)}`;
    return `  ${field.padEnd(13)} ${(value || '-').padEnd(16)} ${winner}`;
  });
  return `${[looked.filter(Boolean).join(', '), ...lines].join('\n')}\n`;
}

/** As the configuration has it, on one line. */
function textOf(rule: Rule): string {
  const keys = Object.entries(rule).map(([key, value]) => `${snakeKey(key)}: ${JSON.stringify(value)}`);
  return `{ ${keys.join(', ')} }`;
}
