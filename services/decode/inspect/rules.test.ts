import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClassifier } from '../enrich/classify.ts';
import { ruleSchema } from '../enrich/rules.ts';
import { formatRules } from './rules.ts';

const rules = [
  { agent: 'ams*', site: 'ams1' },
  { agent: 'fra*', site: 'fra1' },
  { alias: 'transit *', minSpeedMbps: 1000, connectivity: 'transit' },
  { site: 'elsewhere', boundary: 'internal' },
].map((rule) => ruleSchema.parse(rule));

test('each field has the rule that won, or none', () => {
  const traits = { name: 'eth0', alias: 'transit Example', kind: '', speedBps: 10_000_000_000 };
  assert.equal(
    formatRules(rules, createClassifier(rules), 'fra7', traits),
    `agent fra7, interface eth0, alias "transit Example", 10000 Mbit/s
  role          -                no rule
  site          fra1             rule 2   { agent: "fra*", site: "fra1" }
  region        -                no rule
  tenant        -                no rule
  connectivity  transit          rule 3   { agent: "*", alias: "transit *", min_speed_mbps: 1000, connectivity: "transit" }
  provider      -                no rule
  boundary      internal         rule 4   { agent: "*", site: "elsewhere", boundary: "internal" }
`,
  );
});

test('without an interface only what is the agent’s is shown', () => {
  const text = formatRules(rules, createClassifier(rules), 'lon1', undefined);
  assert.match(text, /^agent lon1\n/);
  assert.match(text, /site +elsewhere +rule 4 /);
  assert.doesNotMatch(text, /boundary +internal/);
});
