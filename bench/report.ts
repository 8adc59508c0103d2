import { cpus } from 'node:os';

/** One figure over several runs, in order. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** The bar for the figure, if there is one. */
  readonly bar?: string;
}

export interface Report {
  readonly bench: string;
  readonly machine: string;
  readonly node: string;
  readonly at: string;
  readonly figures: readonly Figure[];
}

export function reportOf(bench: string, figures: readonly Figure[]): Report {
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}`;
  return { bench, machine, node: process.version, at: new Date().toISOString(), figures };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The value below which a share of `q` (0 to 1) of the values lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** Ratios pair by pair: the machine's speed drifts, but affects both values of a pair alike. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value / (b[i] ?? Number.NaN));
}

export function tableOf({ bench, machine, node, figures }: Report): string {
  const rows = figures.map(({ name, unit, values, bar }) => [
    name,
    format(median(values)),
    `${format(Math.min(...values))} to ${format(Math.max(...values))}`,
    unit,
    String(values.length),
    bar ?? '',
  ]);
  const head = ['figure', 'median', 'range', 'unit', 'runs', 'bar'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [`${bench} on ${machine}, Node ${node}`, line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function format(value: number): string {
  if (Number.isNaN(value)) return 'n/a';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}
