// Classification rules as the configuration has them.

import { z } from 'zod';
import { patternProblem } from './pattern.ts';

const pattern = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    const problem = patternProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

const value = z.string().min(1).max(100);

const ruleFields = z.strictObject({
  agent: pattern.default('*').describe('Agent, as a pattern with * and ?, or a /regular expression/.'),
  interface: pattern.optional().describe('Name of the interface, as a pattern.'),
  alias: pattern.optional().describe('Alias of the interface, as a pattern.'),
  kind: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Only these kinds: physical, veth, bridge, vlan, bond, …'),
  minSpeedMbps: z.int().min(0).optional().describe('Only links at least this fast; an unknown speed is 0.'),
  maxSpeedMbps: z.int().min(0).optional().describe('Only links at most this fast.'),
  role: value.optional().describe('Of the agent.'),
  site: value.optional().describe('Of the agent.'),
  region: value.optional().describe('Of the agent.'),
  tenant: value.optional().describe('Of the agent.'),
  connectivity: value.optional().describe('Of the interface: transit, peering, core, customer, …'),
  provider: value.optional().describe('Of the interface.'),
  boundary: z.enum(['external', 'internal']).optional().describe('Of the interface: where the network ends.'),
});

export type Rule = z.output<typeof ruleFields>;

export const agentFields = ['role', 'site', 'region', 'tenant'] as const;
export const interfaceFields = ['connectivity', 'provider', 'boundary'] as const;

/** Whether a rule looks at more than the agent. */
export function looksAtInterface(rule: Rule): boolean {
  const { interface: name, alias, kind, minSpeedMbps, maxSpeedMbps } = rule;
  return [name, alias, kind, minSpeedMbps, maxSpeedMbps].some((condition) => condition !== undefined);
}

export const ruleSchema = ruleFields.superRefine((rule, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message });
  const sets = (fields: readonly (keyof Rule)[]) => fields.some((field) => rule[field] !== undefined);
  if (!sets([...agentFields, ...interfaceFields]))
    refuse(`sets none of ${[...agentFields, ...interfaceFields].join(', ')}`);
  // An agent has one role, whichever of its interfaces is looked at.
  if (sets(agentFields) && looksAtInterface(rule))
    refuse(`${agentFields.join(', ')} are the agent's: only in a rule that looks at nothing but agent`);
});
