// What the rules say of agents and their interfaces: for each field the first rule that matches and sets it. Pure.
// Asked once per agent and interface, not per sample: the answers are kept by the caller.

import { compilePattern, type Matcher } from './pattern.ts';
import { agentFields, interfaceFields, looksAtInterface, type Rule } from './rules.ts';

export type AgentClasses = Record<(typeof agentFields)[number], string>;
export type InterfaceClasses = Record<(typeof interfaceFields)[number], string>;

/** What a rule looks at. */
export interface InterfaceTraits {
  name: string;
  alias: string;
  /** Empty: not known. */
  kind: string;
  /** 0: not known. */
  speedBps: number;
}

export interface Classifier {
  agent(agent: string): AgentClasses;
  interface(agent: string, traits: InterfaceTraits): InterfaceClasses;
}

interface CompiledRule {
  rule: Rule;
  agent: Matcher;
  interface: Matcher | undefined;
  alias: Matcher | undefined;
}

const compileOptional = (pattern: string | undefined) => (pattern === undefined ? undefined : compilePattern(pattern));

/** @param rules as the configuration's schema let them pass */
export function createClassifier(rules: readonly Rule[]): Classifier {
  const compiled: CompiledRule[] = rules.map((rule) => ({
    rule,
    agent: compilePattern(rule.agent),
    interface: compileOptional(rule.interface),
    alias: compileOptional(rule.alias),
  }));
  return {
    agent(agent) {
      const matching = compiled.filter((entry) => !looksAtInterface(entry.rule) && entry.agent(agent));
      return firstOfEach(agentFields, matching);
    },
    interface(agent, traits) {
      const matching = compiled.filter((entry) => entry.agent(agent) && matchesInterface(entry, traits));
      return firstOfEach(interfaceFields, matching);
    },
  };
}

function matchesInterface({ rule, interface: name, alias }: CompiledRule, traits: InterfaceTraits): boolean {
  if (name && !name(traits.name)) return false;
  if (alias && !alias(traits.alias)) return false;
  if (rule.kind && !rule.kind.includes(traits.kind)) return false;
  const megabits = traits.speedBps / 1_000_000;
  return megabits >= (rule.minSpeedMbps ?? 0) && megabits <= (rule.maxSpeedMbps ?? Infinity);
}

function firstOfEach<Field extends keyof Rule>(fields: readonly Field[], matching: CompiledRule[]) {
  const entries = fields.map((field) => [field, matching.map(({ rule }) => rule[field]).find(Boolean) ?? '']);
  return Object.fromEntries(entries) as Record<Field, string>;
}
