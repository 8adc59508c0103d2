import type { AcknowledgedAlarm } from '../console/api/schemas.ts';
import { count, counted } from './time.ts';

type Outcome = AcknowledgedAlarm['outcome'];

/** Many alarms that the operator acknowledges at once, from the key press to the last outcome. */
export interface Bulk {
  readonly id: string;
  readonly total: number;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly state: 'sending' | 'asking' | 'untaken' | 'refused' | 'done';
  /** Why it was not accepted, or refused. */
  readonly reason?: string | undefined;
}

export const isUnderWay = ({ state }: Bulk): boolean => state === 'sending' || state === 'asking';

/** Outcomes that operators must look at, since these alarms are still new, or may be. */
const OPEN_ENDS: readonly (readonly [Outcome, string, string])[] = [
  ['changed', 'changed meanwhile: look at it', 'changed meanwhile: look at them'],
  ['left-out', 'was left out, since lives may depend on it', 'were left out, since lives may depend on them'],
  ['unknown', 'was not found', 'were not found'],
];

export const needsALook = ({ state, outcomes }: Bulk): boolean =>
  state === 'untaken' || state === 'refused' || OPEN_ENDS.some(([outcome]) => outcomes[outcome] !== undefined);

export function bulkWords(bulk: Bulk): string {
  const { total, outcomes, state, reason = 'no reason was given' } = bulk;
  const done = count(outcomes.acknowledged ?? 0);
  switch (state) {
    case 'sending':
      return `Acknowledging ${counted(total, 'alarm')}: ${done} done…`;
    case 'asking':
      return `Acknowledging ${counted(total, 'alarm')}: ${done} done, the outcome of others is unknown, asking…`;
    case 'untaken':
      return `${done} of ${counted(total, 'alarm')} acknowledged, ${others(bulk)} not accepted: ${reason}.`;
    case 'refused':
      return `${done} of ${counted(total, 'alarm')} acknowledged, ${others(bulk)} refused: ${reason}.`;
    case 'done': {
      const before = (outcomes.already ?? 0) + (outcomes.over ?? 0);
      const rest = OPEN_ENDS.flatMap(([outcome, one, many]) => (outcomes[outcome] ? [counted(outcomes[outcome], one, many)] : []));
      return [
        `${counted(outcomes.acknowledged ?? 0, 'alarm')} acknowledged`,
        ...(before > 0 ? [`${count(before)} acknowledged before`] : []),
        ...rest,
      ]
        .join('; ')
        .concat('.');
    }
  }
}

function others({ total, outcomes }: Bulk): string {
  if (total === 1) return 'it was';
  return total - (outcomes.acknowledged ?? 0) === 1 ? 'the other was' : 'the others were';
}
