import type { Shape } from '../alarm/alarm-type.ts';
import type { Severity } from '../alarm/severity.ts';
import { OUTLINES } from './outlines.ts';

/** The shape of a type: filled while the condition lasts, hollow once it is restored; the colour is the severity. */
export function Mark({ shape, severity, active }: { shape: Shape; severity: Severity; active: boolean }) {
  return (
    <svg
      class={`mark ${severity.toLowerCase()} ${active ? 'filled' : 'hollow'}`}
      viewBox="0 0 20 20"
      width="18"
      height="18"
      aria-hidden="true"
    >
      <path d={OUTLINES[shape]} />
    </svg>
  );
}
