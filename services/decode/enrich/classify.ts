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
  /** Of each field of the agent, and of the interface if one is given. */
  explain(agent: string, traits: InterfaceTraits | undefined): Decision[];
}

/** Which rule set a field. */
export interface Decision {
  field: keyof AgentClasses | keyof InterfaceClasses;
  /** Empty when no rule did. */
  value: string;
  /** Its place in the list, from 1; 0 = no rule. */
  rule: number;
}

interface CompiledRule {
  rule: Rule;
  /** From 1. */
  number: number;
  agent: Matcher;
  interface: Matcher | undefined;
  alias: Matcher | undefined;
}

const compileOptional = (pattern: string | undefined) => (pattern === undefined ? undefined : compilePattern(pattern));

/** @param rules as the configuration's schema let them pass */
export function createClassifier(rules: readonly Rule[]): Classifier {
  const compiled: CompiledRule[] = rules.map((rule, index) => ({
    rule,
    number: index + 1,
    agent: compilePattern(rule.agent),
    interface: compileOptional(rule.interface),
    alias: compileOptional(rule.alias),
  }));
  const ofAgent = (agent: string) =>
    firstOfEach(
      agentFields,
      compiled.filter((entry) => !looksAtInterface(entry.rule) && entry.agent(agent)),
    );
  const ofInterface = (agent: string, traits: InterfaceTraits) =>
    firstOfEach(
      interfaceFields,
      compiled.filter((entry) => entry.agent(agent) && matchesInterface(entry, traits)),
    );
  return {
    agent: (agent) => classesOf(ofAgent(agent)),
    interface: (agent, traits) => classesOf(ofInterface(agent, traits)),
    explain: (agent, traits) => [...ofAgent(agent), ...(traits ? ofInterface(agent, traits) : [])],
  };
}

function matchesInterface({ rule, interface: name, alias }: CompiledRule, traits: InterfaceTraits): boolean {
  if (name && !name(traits.name)) return false;
  if (alias && !alias(traits.alias)) return false;
  if (rule.kind && !rule.kind.includes(traits.kind)) return false;
  const megabits = traits.speedBps / 1_000_000;
  return megabits >= (rule.minSpeedMbps ?? 0) && megabits <= (rule.maxSpeedMbps ?? Infinity);
}

function firstOfEach<Field extends Decision['field']>(fields: readonly Field[], matching: readonly CompiledRule[]) {
  return fields.map((field) => {
    const winner = matching.find(({ rule }) => rule[field]);
    return { field, value: winner?.rule[field] ?? '', rule: winner?.number ?? 0 };
  });
}

function classesOf<Field extends string>(decisions: readonly { field: Field; value: string }[]): Record<Field, string> {
  return Object.fromEntries(decisions.map(({ field, value }) => [field, value])) as Record<Field, string>;
}
