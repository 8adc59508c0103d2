import { type Incident, isSmall } from './incident.ts';
import { choose, type Step } from './protocol.ts';
import { beginRun, type Run } from './run.ts';
import { type Settings, SILENT } from './settings.ts';

/** How a run begins. */
export interface Beginning {
  /** Epoch ms; not later than now. */
  readonly startedAt: number;
  /** Its first word can wait for a digest. */
  readonly gathered?: boolean | undefined;
  /** It is the first of the incident. */
  readonly settles: boolean;
  /** More incidents open than can be read. */
  readonly isFlood: boolean;
}

/** The next way of an incident through the steps of the protocol that is right for it by now. */
export function nextRun(incident: Incident, settings: Settings, now: number, how: Beginning): Run {
  const { protocols, zone, fallback } = settings;
  const types = new Set([...incident.members.map(({ type }) => type), ...Object.keys(incident.crowd?.types ?? {})]);
  const { name, steps } = choose(protocols, { ...incident, types }, now, zone);
  // Where protocols tell regions apart and this one is unknown, somebody who knows all of them has to hear of it.
  const isLost = incident.place?.region === undefined && protocols.some(({ when }) => when.regions !== undefined);
  const settling = how.settles && isSilence(incident) ? settings.outage.withinMs : 0;
  const said = (isLost ? alsoTo(fallback, steps) : steps).map((step) => ({ ...step, afterMs: step.afterMs + settling }));
  const gathered = how.gathered || (how.isFlood && isDrowned(incident));
  return { ...beginRun(incident.run.n + 1, name, said, how.startedAt), ...(gathered && { gathered }) };
}

/** A silent sensor may be one of very many: the first word of it waits until that would have shown. */
function isSilence({ kind, members }: Incident): boolean {
  return kind === 'trouble' && members.every(({ type }) => type === SILENT);
}

/** In a flood nobody reads single words about small things. */
function isDrowned(incident: Incident): boolean {
  return (incident.kind === 'alarm' || incident.kind === 'trouble') && isSmall(incident);
}

function alsoTo(fallback: string, steps: readonly Step[]): readonly Step[] {
  const [first, ...others] = steps;
  return first ? [{ ...first, to: [...first.to, fallback] }, ...others] : [{ afterMs: 0, to: [fallback], unless: ['taken'], times: 1 }];
}
