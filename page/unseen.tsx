import { isActive, isUnacknowledged } from '../alarm/lifecycle.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { Mark } from './marks.tsx';
import { ROW_PX } from './queue-row.tsx';
import { age, count } from './time.ts';
import type { KnownTypes } from './types.ts';
import { stateWord, whereWords } from './words.ts';

/** The part of the list that is covered. */
export type Side = 'upper' | 'lower';

/** New alarms in the list that are out of view. */
export interface UnseenAlarms {
  readonly above: readonly ListedAlarm[];
  /** Only the critical ones, since less urgent ones belong below. */
  readonly below: readonly ListedAlarm[];
  /** Those to show although they are out of view: critical ones above, and one below that has just come in. */
  readonly shown: readonly ListedAlarm[];
}

const SHOWN_MAX = 4;
const JUST_MS = 60_000;

export function unseenOf(alarms: readonly ListedAlarm[], offset: number, height: number, now: number): UnseenAlarms | undefined {
  const isAbove = (i: number): boolean => (i + 0.5) * ROW_PX < offset;
  const isBelow = (i: number): boolean => (i + 0.5) * ROW_PX > offset + height;
  const isCritical = ({ severity, quarantined }: ListedAlarm): boolean => severity === 'CRITICAL' && !quarantined;
  const above = alarms.filter((alarm, i) => isAbove(i) && isUnacknowledged(alarm));
  const below = alarms.filter((alarm, i) => isBelow(i) && isUnacknowledged(alarm) && isCritical(alarm));
  if (above.length + below.length === 0) return undefined;
  const justIn = below.filter(({ raisedAt }) => now - Date.parse(raisedAt) < JUST_MS).slice(-1);
  return { above, below, shown: [...above.filter(isCritical).slice(0, SHOWN_MAX), ...justIn] };
}

interface Props {
  readonly unseen: UnseenAlarms;
  readonly types: KnownTypes;
  readonly side: Side;
  readonly now: number;
  readonly onOpen: (id: string) => void;
  readonly onFirst: () => void;
}

/** Says which new alarms are out of view; the critical ones are always shown. */
export function Unseen({ unseen: { above, below, shown }, types, side, now, onOpen, onFirst }: Props) {
  const [gravest] = above;
  return (
    <div class={`unseen-alarms ${side}`}>
      <div class="unseen-words">
        <span>
          {[above.length > 0 && `${count(above.length)} new above`, below.length > 0 && `${count(below.length)} critical below`]
            .filter(Boolean)
            .join(', ')}
        </span>
        {gravest && (
          <button type="button" class={gravest.severity.toLowerCase()} onClick={onFirst}>
            Show <kbd>Home</kbd>
          </button>
        )}
      </div>
      {shown.map((alarm) => (
        <button key={alarm.id} type="button" class="unseen-row critical" onClick={() => onOpen(alarm.id)}>
          <Mark shape={types.of(alarm.type).shape} severity={alarm.severity} active={isActive(alarm)} />
          <b>{types.of(alarm.type).word}</b>
          <span>{stateWord(alarm)}</span>
          <span>{age(now - Date.parse(alarm.raisedAt))}</span>
          <span class="where">{whereWords(alarm)}</span>
        </button>
      ))}
    </div>
  );
}
