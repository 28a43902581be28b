// What the terminal shows: a live block on a terminal, a line every ten seconds elsewhere.

import { createLogUpdate } from 'log-update';
import type { Snapshot } from './snapshot.ts';
import { margin95, type StoreTotals, type Talker } from './store.ts';

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const LINE_INTERVAL_MS = 10_000;

/** 12345678 → "12.3 MB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.round(bytes);
  let unit = 0;
  // 999.5 would be written with three digits as 1000.
  for (; value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 999.5 ? number.format(value) : value.toPrecision(3)} ${units[unit]}`;
}

export interface StatusInput {
  seconds: number;
  snapshot: Snapshot;
  samplesPerSecond: number;
  store: StoreTotals;
  talkers: Talker[];
}

/** The block as text. Pure. */
export function renderStatus({ seconds, snapshot, samplesPerSecond, store, talkers }: StatusInput): string {
  const lost = Object.values(snapshot.lost).reduce((sum, value) => sum + value, 0);
  const lines = [
    `after ${number.format(seconds)} s`,
    `  packets seen   ${number.format(snapshot.seen.packets).padStart(14)}   ${formatBytes(snapshot.seen.bytes)}`,
    `  samples        ${number.format(snapshot.selected).padStart(14)}   ${number.format(samplesPerSecond)}/s, ${number.format(lost)} lost`,
    `  flows          ${number.format(snapshot.flows).padStart(14)}   ${number.format(snapshot.openFlows)} open`,
    `  rows           ${number.format(store.rows).padStart(14)}${store.rows > 0 ? `   ${formatBytes(store.bytes)} ± ${formatBytes(margin95(store.bytesVariance))} estimated so far` : '   the first window is still open'}`,
    `  sFlow datagrams${number.format(snapshot.sflow.datagrams).padStart(14)}   with ${number.format(snapshot.sflow.flowSamples)} flow, ${number.format(snapshot.sflow.counterSamples)} counter samples`,
    `  lag            ${number.format(snapshot.lagMessages).padStart(14)}   messages waiting, ${number.format(snapshot.deadLettered)} dead-lettered`,
  ];
  if (talkers.length > 0) lines.push('', ...renderTalkers(talkers));
  return lines.join('\n');
}

/** A table of the largest conversations. Pure. */
export function renderTalkers(talkers: readonly Talker[]): string[] {
  const rows = talkers.map((talker) => [
    talker.src,
    talker.dst,
    `${talker.protocol}${talker.protocol.startsWith('icmp') || talker.port === 0 ? '' : `/${talker.port}`}`,
    formatBytes(talker.bytes),
    `± ${formatBytes(talker.margin)}`,
    number.format(talker.samples),
  ]);
  const table = [['top talkers: from', 'to', 'service', 'bytes', '95 %', 'samples'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map(
    (row) =>
      `  ${row.map((cell, column) => (column >= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ')}`,
  );
}

export interface StatusView {
  show(input: StatusInput): void;
  /** Leaves the last block on the screen. */
  end(): void;
}

export function createStatusView(stream: NodeJS.WriteStream): StatusView {
  if (!stream.isTTY) return createLineView(stream);
  const update = createLogUpdate(stream);
  return { show: (input) => update(`${renderStatus(input)}\n`), end: () => update.done() };
}

function createLineView(stream: NodeJS.WriteStream): StatusView {
  let nextAt = 0;
  let talkersShown = false;
  return {
    show(input) {
      const { snapshot, store } = input;
      // The first answers are worth more than the rhythm.
      const firstAnswers = !talkersShown && input.talkers.length > 0;
      if (Date.now() < nextAt && !firstAnswers) return;
      nextAt = Date.now() + LINE_INTERVAL_MS;
      if (firstAnswers) {
        talkersShown = true;
        stream.write(`${renderStatus(input)}\n`);
        return;
      }
      stream.write(
        `${number.format(input.seconds)} s: ${number.format(snapshot.seen.packets)} packets seen, ${number.format(snapshot.selected)} samples, ` +
          `${number.format(store.rows)} rows, ${number.format(snapshot.sflow.datagrams)} sFlow datagrams, ${number.format(snapshot.lagMessages)} messages waiting\n`,
      );
    },
    end: () => undefined,
  };
}
