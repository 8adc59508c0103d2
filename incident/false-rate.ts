import { type CloseDisposition, type Incident, isOpen } from './incident.ts';
import type { Measured } from './response.ts';

/** How many alarms turned out to be none. */
export interface FalseRate {
  readonly genuine: number;
  readonly false: number;
  readonly aborted: number;
  /** Not part of the share: nobody knows, or nobody was in danger. */
  readonly unknown: number;
  readonly test: number;
  /** False ones among those that were genuine, false or aborted; undefined: there were none of these. */
  readonly share: number | undefined;
}

type Judged = Pick<Measured, 'kind' | 'closing'> & Pick<Incident, 'phase'>;

/** Of closed incidents of kind `alarm`; merged ones are counted where they went. */
export function falseRate(incidents: Iterable<Judged>): FalseRate {
  const counts: Record<CloseDisposition, number> = { genuine: 0, false: 0, aborted: 0, unknown: 0, test: 0, duplicate: 0 };
  for (const incident of incidents)
    if (incident.kind === 'alarm' && !isOpen(incident) && incident.closing) counts[incident.closing.disposition] += 1;
  const { duplicate: _, ...shown } = counts;
  const judged = counts.genuine + counts.false + counts.aborted;
  return { ...shown, share: judged === 0 ? undefined : counts.false / judged };
}
