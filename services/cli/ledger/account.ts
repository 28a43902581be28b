// What the ledger's views have, as a table and in words. Pure.

/** A row of ledger_minutes. */
export interface MinuteRow {
  minute: string;
  agent: string;
  /** Samples, here and below: what the kernel chose, as far as their numbers tell. */
  chosen: number;
  captured: number;
  missing: number;
  twice: number;
  decoded: number;
  aggregated: number;
  stored: number;
  /** By the causes that stages tell. */
  lost: Record<string, number>;
  /** Messages. */
  letters: number;
  waiting: number;
  /** What nobody accounts for, once nothing is on its way. */
  balance: number;
  settled: number;
  /** What is not as it should be; empty: nothing. */
  wrong: string[];
  verdict: string;
}

/** A row of ledger_points that has gaps. */
export interface GapRow {
  minute: string;
  agent: string;
  ifName: string;
  direction: string;
  missing: number;
  untold: number;
  /** [first, last] of the numbers that are missing, at most ten. */
  gaps: [number, number][];
}

/** A row of complete_until. */
export interface AgentRow {
  agent: string;
  state: 'live' | 'quiet' | 'silent';
  lastSample: string;
  lastHeard: string;
  completeUntil: string;
  /** Samples that its capture says it gave up, by cause: part of what is missing. */
  gaveUp: Record<string, number>;
  /** Samples that its capture has still to send. */
  onDisk: number;
  /** Starts of the agent in the range, but the first. */
  restarts: number;
}

export interface Ledger {
  minutes: MinuteRow[];
  gaps: GapRow[];
  agents: AgentRow[];
}

export interface Account {
  /** All before this is stored, or known to be lost or missing; undefined: no agent says anything. */
  completeUntil: string | undefined;
  chosen: number;
  stored: number;
  waiting: number;
  lost: Record<string, number>;
  /** Of no cause that was told. */
  missing: number;
  letters: number;
  silent: string[];
  /** Nothing was lost, and nothing is missing. */
  ok: boolean;
  /** One line first; then one for each thing that is not as it should be. */
  sentence: string;
}

const number = new Intl.NumberFormat('en-US');
const LINES_MAX = 20;

/** "2026-01-01T00:00:00Z" → "2026-01-01 00:00:00" */
export function clock(time: string): string {
  return time.slice(0, 19).replace('T', ' ');
}

export function accountOf({ minutes, gaps, agents }: Ledger): Account {
  const sum = (field: (row: MinuteRow) => number) => minutes.reduce((total, row) => total + field(row), 0);
  const lost: Record<string, number> = {};
  for (const row of minutes)
    for (const [cause, samples] of Object.entries(row.lost)) lost[cause] = (lost[cause] ?? 0) + samples;
  const heard = agents.filter(({ state }) => state !== 'silent').map(({ completeUntil }) => completeUntil);
  const silent = agents.filter(({ state }) => state === 'silent');
  const account = {
    completeUntil: heard.sort()[0],
    chosen: sum((row) => row.chosen),
    stored: sum((row) => row.stored),
    waiting: sum((row) => row.waiting),
    lost,
    missing: sum((row) => Math.max(0, row.balance - row.waiting) * (row.wrong.length > 0 ? 1 : 0)),
    letters: sum((row) => row.letters),
    silent: silent.map(({ agent }) => agent),
  };
  const wrong = minutes.filter((row) => row.wrong.length > 0);
  const ok = wrong.length === 0 && Object.keys(lost).length === 0;
  const lines = [
    `${account.completeUntil ? `complete up to ${clock(account.completeUntil)}` : 'no agent says anything'}; ${ok ? 'nothing missing' : headline(account)}`,
    ...wrong
      .slice(0, LINES_MAX)
      .map((row) => `  ${clock(row.minute)} ${row.agent}: ${row.wrong.join('; ')}${places(row, gaps)}`),
    ...(wrong.length > LINES_MAX ? [`  and ${wrong.length - LINES_MAX} minutes more`] : []),
    ...agents.flatMap(saidByCapture),
    ...silent.map(
      ({ agent, lastHeard }) =>
        `  ${agent} is silent since ${clock(lastHeard)}: what it sampled after that is not known`,
    ),
  ];
  return { ...account, ok, sentence: lines.join('\n') };
}

function saidByCapture({ agent, gaveUp, onDisk, restarts }: AgentRow): string[] {
  const causes = Object.entries(gaveUp).map(([cause, samples]) => `${number.format(samples)} as ${cause}`);
  return [
    ...(causes.length > 0 ? [`  capture of ${agent} gave up ${causes.join(', ')}`] : []),
    ...(onDisk > 0 ? [`  capture of ${agent} has ${number.format(onDisk)} on disk, still to be sent`] : []),
    ...(restarts > 0
      ? [`  ${agent} was started again (${restarts}): if it was killed, nobody knows what it chose in its last moments`]
      : []),
  ];
}

function headline({ lost, missing, letters }: Pick<Account, 'lost' | 'missing' | 'letters'>): string {
  return (
    [
      ...Object.entries(lost).map(([cause, samples]) => `${number.format(samples)} lost: ${cause}`),
      ...(missing > 0 ? [`${number.format(missing)} missing`] : []),
      ...(letters > 0 ? [`dead letters: ${number.format(letters)}`] : []),
    ].join(', ') || 'not as it should be'
  );
}

/** Where the numbers are that nobody had. */
function places({ minute, agent }: MinuteRow, gaps: readonly GapRow[]): string {
  const own = gaps.filter((gap) => gap.minute === minute && gap.agent === agent && gap.untold > 0);
  const texts = own.map(
    ({ ifName, direction, gaps: ranges }) =>
      `${ifName} ${direction} ${ranges.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(', ')}`,
  );
  return texts.length > 0 ? ` (${texts.join('; ')})` : '';
}

/** Lines of a table, with a line for the sums at its end. */
export function tableOf(minutes: readonly MinuteRow[]): string[] {
  const columns = ['chosen', 'captured', 'decoded', 'aggregated', 'stored'] as const;
  const cells = (row: Pick<MinuteRow, (typeof columns)[number] | 'lost' | 'waiting'>) => [
    ...columns.map((column) => number.format(row[column])),
    number.format(Object.values(row.lost).reduce((total, samples) => total + samples, 0)),
    number.format(row.waiting),
  ];
  const total = (column: (typeof columns)[number] | 'waiting') => minutes.reduce((sum, row) => sum + row[column], 0);
  const lost = minutes.reduce(
    (sum, row) => sum + Object.values(row.lost).reduce((all, samples) => all + samples, 0),
    0,
  );
  const sums = {
    ...(Object.fromEntries(columns.map((column) => [column, total(column)])) as Record<
      (typeof columns)[number],
      number
    >),
    lost: { all: lost },
    waiting: total('waiting'),
  };
  const table = [
    ['minute', 'agent', ...columns, 'lost', 'on their way', ''],
    ...minutes.map((row) => [clock(row.minute).slice(0, 16), row.agent, ...cells(row), row.verdict]),
    ['in all', '', ...cells(sums), ''],
  ];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column >= 2 && column < 9 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
