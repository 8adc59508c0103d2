import type { Severity } from '../alarm/severity.ts';
import type { Incident, IncidentKind } from './incident.ts';
import { isTimeOfDay, type TimeOfDay } from './time-of-day.ts';

/** What ends a step before it is done. */
export type Unless = 'taken' | 'restored';

export interface Step {
  /** From the beginning of the run, ms. */
  readonly afterMs: number;
  readonly to: readonly string[];
  /** Empty: whatever happens, until it is closed. */
  readonly unless: readonly Unless[];
  /** Said again so often, `times` times in all. */
  readonly everyMs?: number;
  readonly times: number;
}

/** Who is told of which incidents, and when. */
export interface Protocol {
  readonly name: string;
  readonly when: {
    readonly kinds?: readonly IncidentKind[];
    readonly types?: readonly string[];
    readonly severities?: readonly Severity[];
    readonly regions?: readonly string[];
    readonly confirmed?: boolean;
    readonly at?: TimeOfDay;
  };
  /** In order of time. */
  readonly steps: readonly Step[];
}

/** What a protocol may ask of an incident. */
export type Subject = Pick<Incident, 'kind' | 'severity' | 'confirmed' | 'place'> & { readonly types: ReadonlySet<string> };

const NOBODY: Protocol = { name: 'none', when: {}, steps: [] };

/** The first that matches. A protocol for regions matches no incident whose region is unknown. */
export function choose(protocols: readonly Protocol[], subject: Subject, at: number, zone: string): Protocol {
  return protocols.find(({ when }) => matches(when, subject, at, zone)) ?? NOBODY;
}

function matches(when: Protocol['when'], { kind, severity, confirmed, place, types }: Subject, at: number, zone: string): boolean {
  return (
    (when.kinds?.includes(kind) ?? true) &&
    (when.types?.some((type) => types.has(type)) ?? true) &&
    (when.severities?.includes(severity) ?? true) &&
    (when.regions === undefined || (place?.region !== undefined && when.regions.includes(place.region))) &&
    (when.confirmed === undefined || when.confirmed === (confirmed !== undefined)) &&
    (when.at === undefined || isTimeOfDay(when.at, at, zone))
  );
}

const MINUTE = 60_000;

/**
 * Without protocols of one's own the mail of each alarm is the first word, and this is what follows where nobody takes the incident: a fire after 90 s
 * (NFPA 72), then every 5 min, a major one after 5 min, then every half hour. Of what is about many premises there is no mail, so it is told at once.
 */
export function defaultProtocols(target: string): readonly Protocol[] {
  const again = (afterMs: number, everyMs: number, times: number): Step => ({ afterMs, to: [target], unless: ['taken'], everyMs, times });
  return [
    { name: 'critical', when: { kinds: ['alarm'], severities: ['CRITICAL'] }, steps: [again(1.5 * MINUTE, 5 * MINUTE, 12)] },
    { name: 'major', when: { kinds: ['alarm'], severities: ['MAJOR'] }, steps: [again(5 * MINUTE, 30 * MINUTE, 4)] },
    {
      name: 'many',
      when: { kinds: ['fire', 'outage', 'flood', 'platform', 'quality'] },
      steps: [{ afterMs: 0, to: [target], unless: [], times: 1 }],
    },
    NOBODY,
  ];
}
