import type { Response } from '../../incident/response.ts';

const COLUMNS = [
  'day',
  'severity',
  'from',
  'until',
  'count',
  'negative',
  'p50',
  'p90',
  'p95',
  'p99',
] as const satisfies readonly (keyof Response)[];

/** RFC 4180. No value is anybody's text: nothing needs quotes. */
export function responseCsv(rows: readonly Response[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => row[column]).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}
