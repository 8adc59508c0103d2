import { isUnacknowledged } from '../alarm/lifecycle.ts';
import { type Severity, SEVERITIES } from '../alarm/severity.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';
import type { KnownTypes, Type } from './types.ts';

export const SCOPES = ['inView', 'listed'] as const;
export type Scope = (typeof SCOPES)[number];

/** The new alarms as they were on the screen when the operator pressed the key; later ones are not included. */
export interface Several {
  readonly inView: readonly ListedAlarm[];
  readonly listed: readonly ListedAlarm[];
}

/** `isInView`: whether the row of an alarm can be seen. */
export function severalOf(alarms: readonly ListedAlarm[], isInView: (id: string) => boolean): Several {
  const listed = alarms.filter(isUnacknowledged);
  return { listed, inView: listed.filter(({ id }) => isInView(id)) };
}

interface OfType {
  readonly type: Type;
  readonly alarms: readonly ListedAlarm[];
}

/** The gravest types first. Types that the settings don't have come before all, since they may be as grave as any. */
export function byType(alarms: readonly ListedAlarm[], types: KnownTypes): readonly OfType[] {
  const groups = new Map<string, ListedAlarm[]>();
  for (const alarm of alarms) {
    const group = groups.get(alarm.type);
    if (group) group.push(alarm);
    else groups.set(alarm.type, [alarm]);
  }
  const place = ({ name }: Type): number => types.gravestFirst.findIndex((type) => type.name === name);
  return [...groups].map(([name, of]) => ({ type: types.of(name), alarms: of })).sort((a, b) => place(a.type) - place(b.type));
}

const LESSER: readonly Severity[] = SEVERITIES.slice(SEVERITIES.indexOf('MINOR'));

/** Whether the type is ticked by default, since floods are of lesser alarms; graver ones the operator must tick. */
export function isLesser({ type, alarms }: OfType): boolean {
  return !type.lifeSafety && alarms.every(({ severity }) => LESSER.includes(severity));
}
