// Which measuring points are sampled, and how: for each interface and direction the first rule that matches decides. Pure.

import { type Direction, directions, type SamplingOptions } from 'libbpf-ts/capture.ts';
import { ARPHRD_ETHER, ARPHRD_LOOPBACK, isEthernet, type Link } from 'libbpf-ts/netlink.ts';
import type { CaptureConfig, InterfaceRule } from './config.ts';

/** What a rule looks at. */
export interface Candidate {
  link: Link;
  /** bit/s, 0 = unknown. */
  speedBps: number;
}

/** How one direction of an interface is sampled, and why. */
export interface Decision {
  /** N of 1:N; 0 = not sampled. */
  rate: number;
  /** What the rule says, where a controller has changed the rate. */
  ruleRate: number;
  headerBytes: number;
  fib: boolean;
  order: InterfaceRule['order'];
  /** In words: which rule, or that none matches. */

  why: string;
}

export type Decisions = Record<Direction, Decision>;

const AUTO_RATE_MIN = 100;
const AUTO_RATE_UNKNOWN_SPEED = 1000;

/** "physical", "loopback", what the kernel calls it ("veth", "bridge", "vlan", …), or "other". */
export function kindOf(link: Link): string {
  if (link.kind !== '') return link.kind;
  if (link.arpType === ARPHRD_LOOPBACK) return 'loopback';
  return link.arpType === ARPHRD_ETHER ? 'physical' : 'other';
}

/** As host-sflow chooses: a millionth of the speed, so that a full link gives some hundred samples a second. */
export function autoRate(speedBps: number): number {
  return speedBps > 0 ? Math.max(AUTO_RATE_MIN, Math.round(speedBps / 1_000_000)) : AUTO_RATE_UNKNOWN_SPEED;
}

const matchers = new Map<string, (name: string) => boolean>();

/** "eth*" → a test for names. Patterns are those of the configuration, and each is made once. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const known = matchers.get(pattern);
  if (known) return known;
  const matcher = makeMatcher(pattern);
  matchers.set(pattern, matcher);
  return matcher;
}

/** Whether a pattern stands for itself alone. */
export function isExact(pattern: string): boolean {
  return !/[*?]/.test(pattern);
}

function makeMatcher(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name);
}

/** @param rules of the namespace that the link is in, with their numbers */
export function decide(candidate: Candidate, rules: readonly { number: number; rule: InterfaceRule }[]): Decisions {
  const decisions = directions.map((direction) => [direction, decideDirection(candidate, direction, rules)] as const);
  return Object.fromEntries(decisions) as Decisions;
}

function decideDirection(
  { link, speedBps }: Candidate,
  direction: Direction,
  rules: readonly { number: number; rule: InterfaceRule }[],
): Decision {
  const kind = kindOf(link);
  for (const { number, rule } of rules) {
    if (!rule.directions.includes(direction) || !nameMatcher(rule.match)(link.name)) continue;
    if (rule.kind && !rule.kind.includes(kind)) continue;
    const megabits = speedBps / 1_000_000;
    if (rule.minSpeedMbps !== undefined && megabits < rule.minSpeedMbps) continue;
    if (rule.maxSpeedMbps !== undefined && megabits > rule.maxSpeedMbps) continue;
    const { headerBytes, fib, order } = rule;
    const common = { headerBytes, fib, order };
    const name = number === 0 ? 'the default for physical ports' : `rule ${number}`;
    if (!rule.sample) return { ...common, rate: 0, ruleRate: 0, why: `${name} says not to` };
    if (rule.rate !== 'auto') return { ...common, rate: rule.rate, ruleRate: rule.rate, why: name };
    const speed = speedBps > 0 ? `${megabits} Mbit/s` : 'an unknown speed';
    const rate = autoRate(speedBps);
    return { ...common, rate, ruleRate: rate, why: `${name}, rate for ${speed}` };
  }
  return { rate: 0, ruleRate: 0, headerBytes: 0, fib: false, order: 'head', why: `no rule matches (${kind})` };
}

/** What the kernel program is told of an interface. */
export function samplingOf(
  link: Link,
  { ingress, egress }: Decisions,
  config: Pick<CaptureConfig, 'ownMark' | 'ownTraffic'>,
): SamplingOptions {
  const first = ingress.rate > 0 ? ingress : egress;
  return {
    rate: first.rate,
    headerBytes: first.headerBytes,
    ...(egress.rate > 0 ? { egress: { rate: egress.rate, headerBytes: egress.headerBytes } } : {}),
    directions: directions.filter((direction) => ({ ingress, egress })[direction].rate > 0),
    l3: !isEthernet(link),
    fib: ingress.fib,
    ownMark: config.ownMark,
    skipOwn: config.ownTraffic === 'exclude',
    loopback: link.arpType === ARPHRD_LOOPBACK,
    order: first.order,
  };
}

const RATE_MAX = 0x7fff_ffff;

/** By what the rate of a measuring point differs from its rule's; ifIndex as in its namespace. */
export type RateFactors = (ifIndex: number, direction: Direction) => number;

/** The same decisions at other rates. */
export function scaleRates(decisions: Decisions, ifIndex: number, factorOf: RateFactors): Decisions {
  const scale = (direction: Direction): Decision => {
    const decision = decisions[direction];
    const rate = Math.round(decision.ruleRate * factorOf(ifIndex, direction));
    return decision.rate === 0 ? decision : { ...decision, rate: Math.min(RATE_MAX, Math.max(1, rate)) };
  };
  return { ingress: scale('ingress'), egress: scale('egress') };
}
