import { Mark } from './marks.tsx';
import type { OpenCounts } from './open-counts.ts';
import { count } from './time.ts';
import type { KnownTypes, Type } from './types.ts';
import { typesToShow } from './types-to-show.ts';

interface Props {
  readonly types: KnownTypes;
  /** Undefined: not known. */
  readonly open: OpenCounts | undefined;
  /** Whether the numbers are certainly right. */
  readonly sure: boolean;
}

/** How many alarms of each type are open. */
export function TypeCounts({ types, open, sure }: Props) {
  const { shown, others } = typesToShow(types, open);
  const numberOf = ({ name }: Type): number | undefined => open && (open.byType[name] ?? 0);
  const rest = open && others.reduce((sum, type) => sum + (numberOf(type) ?? 0), 0);
  return (
    <ul class="severities" aria-label="Open alarms by type">
      {shown.map((type) => (
        <li key={type.name} class={numberOf(type) === 0 ? 'none' : ''}>
          <Mark shape={type.shape} severity={type.severity ?? 'WARNING'} active={numberOf(type) !== 0} />
          <b>{numberWords(numberOf(type), sure)}</b> <span title={type.text}>{type.text}</span>
        </li>
      ))}
      {others.length > 0 && (
        <li class={rest === 0 ? 'none' : ''} title={others.map((type) => `${numberWords(numberOf(type), sure)} ${type.text}`).join(', ')}>
          <b>{numberWords(rest, sure)}</b> <span>other</span>
        </li>
      )}
    </ul>
  );
}

/** `–` for a number that isn't known, which is not 0, and `?` after one that is old or may be too low. */
const numberWords = (n: number | undefined, sure: boolean): string => (n === undefined ? '–' : sure ? count(n) : `${count(n)}?`);
