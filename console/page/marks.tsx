import type { ListedAlarm } from '../api/schemas.ts';

type Type = ListedAlarm['type'];

/** Outlines in a box of 20 by 20: the shape tells the type. */
export const OUTLINES: Readonly<Record<Type, string>> = {
  smoke: 'M10 2 19 18H1Z',
  temperature: 'M10 1 19 10 10 19 1 10Z',
  motion: 'M10 2a8 8 0 1 1 0 16a8 8 0 1 1 0-16Z',
};

/** Filled while the condition lasts, hollow once it is restored; the colour is the severity. */
export function Mark({ type, severity, active }: { type: Type; severity: ListedAlarm['severity']; active: boolean }) {
  return (
    <svg
      class={`mark ${severity.toLowerCase()} ${active ? 'filled' : 'hollow'}`}
      viewBox="0 0 20 20"
      width="18"
      height="18"
      aria-hidden="true"
    >
      <path d={OUTLINES[type]} />
    </svg>
  );
}
