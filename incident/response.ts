import { SELF } from '../alarm/lifecycle.ts';
import { SEVERITIES, type Severity } from '../alarm/severity.ts';
import type { Clock, Closing, Incident } from './incident.ts';

/** What is measured from when the system got the alarm. */
const UNTIL = ['shown', 'taken', 'dispatched'] as const;
type Until = (typeof UNTIL)[number];

/** Of which spans it tells. */
interface Subject {
  /** UTC, of the opening: `2026-03-02`. */
  readonly day: string;
  readonly severity: Severity;
  /** From the opening, or from when it became worse. */
  readonly from: 'opened' | 'worsened';
  readonly until: Until;
}

interface Percentiles {
  readonly count: number;
  /** Spans that foreign clocks made negative: they count as 0. */
  readonly negative: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** How quick operators were, of one severity, on one day. Spans in ms. */
export type Response = Subject & Percentiles;

/** What is looked at of an incident. */
export interface Measured extends Pick<Incident, 'kind' | 'severity' | 'clock' | 'worseClock'> {
  readonly closing?: Pick<Closing, 'by' | 'disposition'>;
}

/** Exact percentiles by day and severity, the oldest day and the gravest first. Tests, merged ones and those that nobody closed tell nothing of operators. */
export function responses(incidents: Iterable<Measured>): Response[] {
  const spans = new Map<string, { readonly subject: Subject; readonly all: number[] }>();
  for (const { kind, severity, closing, clock, worseClock } of incidents) {
    if (kind !== 'alarm' || closing?.disposition === 'test' || closing?.by === SELF) continue;
    for (const { from, until, day, span } of [...spansOf('opened', clock), ...spansOf('worsened', worseClock)]) {
      const key = [day, SEVERITIES.indexOf(severity), from, UNTIL.indexOf(until)].join(' ');
      const known = spans.get(key) ?? { subject: { day, severity, from, until }, all: [] };
      known.all.push(span);
      spans.set(key, known);
    }
  }
  const inOrder = [...spans].sort(([one], [other]) => (one < other ? -1 : 1));
  return inOrder.map(([, { subject, all }]) => ({ ...subject, ...percentiles(all) }));
}

function spansOf(from: Subject['from'], clock: Clock | undefined) {
  if (!clock) return [];
  const day = new Date(clock.opened).toISOString().slice(0, 10);
  return UNTIL.flatMap((until) => {
    const end = clock[until];
    return end === undefined ? [] : [{ from, until, day, span: end - (clock.received ?? clock.opened) }];
  });
}

function percentiles(spans: readonly number[]): Percentiles {
  const inOrder = spans.map((span) => Math.max(0, span)).sort((one, other) => one - other);
  const at = (share: number) => inOrder[Math.ceil(share * inOrder.length) - 1] ?? 0;
  const negative = spans.filter((span) => span < 0).length;
  return { count: spans.length, negative, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}
