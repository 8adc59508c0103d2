import { Component, createRef } from 'preact';
import type { ListedAlarm } from '../api/schemas.ts';
import { Mark } from './marks.tsx';
import { arrange, isActive, isUnacknowledged } from './queue-order.ts';
import { age, clockTime, count } from './time.ts';
import { stateWord, TYPE_WORD, whereWords } from './words.ts';

interface Props {
  readonly sorted: readonly ListedAlarm[];
  readonly selected: string | undefined;
  readonly opened: string | undefined;
  readonly now: number;
  readonly onOpen: (id: string) => void;
}

const ROW_PX = 40;
/** Rows drawn above and below what is seen. */
const MARGIN = 6;

interface QueueState {
  readonly scrollTop: number;
  readonly height: number;
  readonly heldId: string | undefined;
}

/** The open alarms, most urgent first. Only what is seen is in the document; the row under the pointer never moves. */
export class Queue extends Component<Props, QueueState> {
  override state: QueueState = { scrollTop: 0, height: 800, heldId: undefined };
  readonly #list = createRef<HTMLDivElement>();
  #shown: readonly ListedAlarm[] = [];
  #observer: ResizeObserver | undefined;

  override componentDidMount(): void {
    const list = this.#list.current;
    if (!list) return;
    this.#observer = new ResizeObserver(() => this.setState({ height: list.clientHeight }));
    this.#observer.observe(list);
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
  }

  override componentDidUpdate(previous: Props): void {
    const { selected } = this.props;
    if (selected === previous.selected) return;
    // What was asked for by key has to be seen, whatever the pointer holds.
    if (this.state.heldId !== undefined && !this.#shown.some(({ id }) => id === selected))
      this.setState({ heldId: undefined }, () => this.#scrollTo(selected));
    else this.#scrollTo(selected);
  }

  override render() {
    const { sorted, selected, opened, now, onOpen } = this.props;
    const { rows, held } = arrange(sorted, this.#shown, this.state.heldId);
    this.#shown = rows;
    const first = Math.max(0, Math.floor(this.state.scrollTop / ROW_PX) - MARGIN);
    const last = Math.min(rows.length, Math.ceil((this.state.scrollTop + this.state.height) / ROW_PX) + MARGIN);
    const gravest = held[0];
    return (
      <>
        {gravest && (
          <button type="button" class={`held ${gravest.severity.toLowerCase()}`} onClick={this.#release}>
            {count(held.length)} more above, first {TYPE_WORD[gravest.type]}: show <kbd>Home</kbd>
          </button>
        )}
        <div
          class="rows"
          ref={this.#list}
          role="listbox"
          tabIndex={0}
          aria-label={`${count(rows.length)} open alarms, most urgent first`}
          aria-activedescendant={selected === undefined ? undefined : `row-${selected}`}
          onScroll={(event) => this.setState({ scrollTop: event.currentTarget.scrollTop })}
          onPointerLeave={this.#release}
        >
          <div class="all-rows" role="presentation" style={{ height: `${rows.length * ROW_PX}px` }}>
            {rows.slice(first, last).map((alarm, i) => (
              <Row
                key={alarm.id}
                alarm={alarm}
                index={first + i}
                size={rows.length}
                selected={alarm.id === selected}
                opened={alarm.id === opened}
                now={now}
                onOpen={onOpen}
                onHold={this.#hold}
              />
            ))}
          </div>
        </div>
      </>
    );
  }

  readonly #hold = (id: string): void => {
    if (this.state.heldId !== id) this.setState({ heldId: id });
  };

  readonly #release = (): void => {
    if (this.state.heldId !== undefined) this.setState({ heldId: undefined });
  };

  #scrollTo(id: string | undefined): void {
    const list = this.#list.current;
    const index = this.#shown.findIndex((alarm) => alarm.id === id);
    if (!list || index < 0) return;
    const top = index * ROW_PX;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW_PX - list.clientHeight;
  }
}

interface RowProps {
  readonly alarm: ListedAlarm;
  readonly index: number;
  readonly size: number;
  readonly selected: boolean;
  readonly opened: boolean;
  readonly now: number;
  readonly onOpen: (id: string) => void;
  readonly onHold: (id: string) => void;
}

function Row({ alarm, index, size, selected, opened, now, onOpen, onHold }: RowProps) {
  const raisedAt = Date.parse(alarm.raisedAt);
  const classes = [
    'row',
    alarm.severity.toLowerCase(),
    isUnacknowledged(alarm) ? 'unack' : '',
    alarm.state === 'CLEARED_ACK' ? 'over' : '',
    selected ? 'selected' : '',
    opened ? 'opened' : '',
  ];
  return (
    // Keys reach the rows through the list that holds them.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the active row
    <div
      id={`row-${alarm.id}`}
      class={classes.join(' ')}
      role="option"
      aria-selected={selected}
      aria-posinset={index + 1}
      aria-setsize={size}
      style={{ transform: `translateY(${index * ROW_PX}px)` }}
      onClick={() => onOpen(alarm.id)}
      onPointerMove={() => onHold(alarm.id)}
    >
      <span class="bar" />
      <Mark type={alarm.type} severity={alarm.severity} active={isActive(alarm)} />
      <span class="type">{TYPE_WORD[alarm.type]}</span>
      <span class="word">{stateWord(alarm)}</span>
      <span class="age">{age(now - raisedAt)}</span>
      <span class="where">{whereWords(alarm)}</span>
      <time class="at" dateTime={alarm.raisedAt} title={alarm.raisedAt}>
        {clockTime(raisedAt, now)}
      </time>
    </div>
  );
}
