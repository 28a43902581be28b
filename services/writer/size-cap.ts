// What goes when the database is larger than it may be: whole partitions, raw before rollups, old before new. Pure.

/** Tables that are removed from before those of the next row are; what is not here is never removed from: accounts, names, progress. */
export const REMOVAL_ORDER: readonly (readonly string[])[] = [
  ['samples', 'drop_samples'],
  ['flows', 'flow_summaries'],
  ['interface_counters', 'host_counters', 'drops'],
  ['flows_1m'],
  ['flows_5m'],
  ['flows_hosts_1h', 'flows_prefixes_1h', 'flows_1h'],
  ['flows_1d'],
];

/** So long nobody must have inserted into a partition: writers may have more for it. */
export const SETTLE_MS = 300_000;

/** A partition on one node. */
export interface PartitionState {
  node: string;
  /** As it is asked, on a cluster too. */
  table: string;
  /** A day, 20260131, or a month, 202601; else it is never removed. */
  partition: string;
  bytes: number;
  rows: number;
  /** Largest block number of its parts. */
  lastBlock: number;
  /** Last insert that is still seen, ms since 1970; 0: none is. */
  insertedMs: number;
  /** One of the shard's nodes: its rows are those of all its replicas. */
  isFirstReplica: boolean;
}

export interface Removal {
  table: string;
  partition: string;
  sinceMs: number;
  untilMs: number;
  /** Of all nodes. */
  bytes: number;
  /** Of all shards. */
  rows: number;
  lastBlock: number;
}

export interface RemovalPlan {
  removals: Removal[];
  /** Of the fullest node, as it is. */
  bytes: number;
  /** What it is above the cap when all that is removed. */
  overBytes: number;
}

interface Candidate extends Removal {
  /** Node → bytes. */
  byNode: Map<string, number>;
  insertedMs: number;
}

export function planRemovals(
  states: readonly PartitionState[],
  maxBytes: number,
  nowMs: number,
  settleMs = SETTLE_MS,
): RemovalPlan {
  const sizes = new Map<string, number>();
  for (const { node, bytes } of states) sizes.set(node, (sizes.get(node) ?? 0) + bytes);
  const fullest = () => Math.max(0, ...sizes.values());
  const bytes = fullest();
  const removals: Removal[] = [];
  for (const { byNode, insertedMs, ...removal } of candidates(states)) {
    if (fullest() <= maxBytes) break;
    if (removal.untilMs > nowMs || insertedMs > nowMs - settleMs) continue;
    // On a cluster another node may be the full one.
    if (![...byNode].some(([node, size]) => size > 0 && (sizes.get(node) ?? 0) > maxBytes)) continue;
    for (const [node, size] of byNode) sizes.set(node, (sizes.get(node) ?? 0) - size);
    removals.push(removal);
  }
  return { removals, bytes, overBytes: Math.max(0, fullest() - maxBytes) };
}

/** In the order in which they go; without the newest of each table. */
function candidates(states: readonly PartitionState[]): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const state of states) {
    const { table, partition, node } = state;
    const range = rangeOf(partition);
    if (!range) continue;
    const key = `${table} ${partition}`;
    const known = found.get(key) ?? {
      ...{ table, partition, ...range, bytes: 0, rows: 0, lastBlock: 0, insertedMs: 0 },
      byNode: new Map<string, number>(),
    };
    found.set(key, known);
    known.bytes += state.bytes;
    known.rows += state.isFirstReplica ? state.rows : 0;
    known.lastBlock = Math.max(known.lastBlock, state.lastBlock);
    known.insertedMs = Math.max(known.insertedMs, state.insertedMs);
    known.byNode.set(node, (known.byNode.get(node) ?? 0) + state.bytes);
  }
  const all = [...found.values()];
  return REMOVAL_ORDER.flatMap((tables) =>
    tables
      .flatMap((table) => withoutNewest(all.filter((candidate) => candidate.table === table)))
      .sort((a, b) => a.sinceMs - b.sinceMs || tables.indexOf(a.table) - tables.indexOf(b.table)),
  );
}

function withoutNewest(partitions: Candidate[]): Candidate[] {
  return partitions.sort((a, b) => a.sinceMs - b.sinceMs).slice(0, -1);
}

/** UTC. */
export function rangeOf(partition: string): { sinceMs: number; untilMs: number } | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)?$/.exec(partition) ?? [];
  if (!year || !month) return undefined;
  const start = (days: number, months: number) =>
    Date.UTC(Number(year), Number(month) - 1 + months, Number(day ?? 1) + days);
  return { sinceMs: start(0, 0), untilMs: day ? start(1, 0) : start(0, 1) };
}
