import { isActive, isOver, isUnacknowledged } from '../alarm/lifecycle.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { Mark } from './marks.tsx';
import { age, clockTime } from './time.ts';
import type { Type } from './types.ts';
import { stateWord, whereWords } from './words.ts';

export const ROW_PX = 40;

interface Props {
  readonly alarm: ListedAlarm;
  readonly type: Type;
  readonly index: number;
  readonly top: number;
  readonly size: number;
  readonly selected: boolean;
  readonly opened: boolean;
  readonly now: number;
  readonly onOpen: (id: string) => void;
  readonly onHold: (id: string) => void;
}

export function QueueRow({ alarm, type, index, top, size, selected, opened, now, onOpen, onHold }: Props) {
  const raisedAt = Date.parse(alarm.raisedAt);
  const classes = [
    'row',
    alarm.severity.toLowerCase(),
    isUnacknowledged(alarm) ? 'unack' : '',
    isOver(alarm) ? 'over' : '',
    selected ? 'selected' : '',
    opened ? 'opened' : '',
  ];
  return (
    // Keys are handled by the list that contains the rows.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the active row
    <div
      id={`row-${alarm.id}`}
      class={classes.join(' ')}
      role="option"
      aria-selected={selected}
      aria-posinset={index + 1}
      aria-setsize={size}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onOpen(alarm.id)}
      onPointerDown={() => onHold(alarm.id)}
      onPointerMove={() => onHold(alarm.id)}
    >
      <span class="bar" />
      <Mark shape={type.shape} severity={alarm.severity} active={isActive(alarm)} />
      <span class="type" title={type.word}>
        {type.word}
      </span>
      <span class="word">{stateWord(alarm)}</span>
      <span class="age">{age(now - raisedAt)}</span>
      <span class="where">{whereWords(alarm)}</span>
      <time class="at" dateTime={alarm.raisedAt} title={alarm.raisedAt}>
        {clockTime(raisedAt, now)}
      </time>
    </div>
  );
}
