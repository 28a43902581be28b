// Which interfaces are sampled: the first rule that matches one decides. Pure.

import type { Link } from 'libbpf-ts/netlink.ts';
import type { InterfaceRule } from './config.ts';

export interface SelectedInterface {
  link: Link;
  rule: InterfaceRule;
}

/** "eth*" → a test for names. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name);
}

/** @param rules of the namespace that the links are in */
export function selectInterfaces(links: readonly Link[], rules: readonly InterfaceRule[]): SelectedInterface[] {
  const matchers = rules.map((rule) => ({ rule, matches: nameMatcher(rule.match) }));
  return links.flatMap((link) => {
    const found = matchers.find(({ matches }) => matches(link.name));
    return found ? [{ link, rule: found.rule }] : [];
  });
}
