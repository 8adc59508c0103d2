import type { Status } from './status.ts';
import type { Field, TypeSet } from './type-set.ts';

/** What the sender of a status should know about a field. */
export interface Warning {
  readonly field: string;
  readonly warning: string;
}

/** For fields that no type reads. */
const OWN: readonly Warning[] = [
  { field: 'at', warning: "unreadable: the sensor's own time is not shown" },
  { field: 'seq', warning: 'unreadable: a reading that is sent again counts again' },
];

/** Whether there is anything to warn about. */
export function hasWarnings({ silent, unreadable }: Status, types: TypeSet): boolean {
  return (silent & types.expected) !== 0 || unreadable.length > 0;
}

/** How many warnings there are, for callers that don't list them. */
export function warningCount({ values, unreadable }: Status, types: TypeSet): number {
  const { expectedPlaces, expectedNames } = types;
  let count = 0;
  for (let i = 0; i < expectedPlaces.length; i += 1) if (Number.isNaN(values[expectedPlaces[i] as number])) count += 1;
  for (let i = 0; i < unreadable.length; i += 1) if (!expectedNames.has(unreadable[i] as string)) count += 1;
  return count;
}

function isMissing({ types: readers }: Field, value: number | undefined, { expected }: TypeSet): boolean {
  return (readers & expected) !== 0 && Number.isNaN(value);
}

/** A warning for each field that can't be read, and for each expected field that this status doesn't report, with the consequence. */
export function warningsOf({ values, unreadable }: Status, types: TypeSet): Warning[] {
  const warnings: Warning[] = [];
  types.fields.forEach((field, i) => {
    const isUnreadable = unreadable.includes(field.name);
    if (isUnreadable || isMissing(field, values[i], types))
      warnings.push({ field: field.name, warning: `${isUnreadable ? 'unreadable' : 'not reported'}: ${consequence(field, types)}` });
  });
  return [...warnings, ...OWN.filter(({ field }) => unreadable.includes(field))];
}

function consequence({ types: readers }: Field, types: TypeSet): string {
  const labels = types.types.filter((_, i) => (readers & (1 << i)) !== 0).map(({ label }) => label.toLowerCase());
  return `${labels.join(', ')} ${labels.length === 1 ? 'raises' : 'raise'} no alarm`;
}
