import { Component, createRef } from 'preact';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { QueueRow, ROW_PX } from './queue-row.tsx';
import { ScrollAnchor } from './scroll-anchor.ts';
import { counted } from './time.ts';
import type { KnownTypes } from './types.ts';
import { type Side, Unseen, unseenOf } from './unseen.tsx';

interface Props {
  readonly alarms: readonly ListedAlarm[];
  readonly types: KnownTypes;
  readonly current: string | undefined;
  readonly opened: string | undefined;
  readonly held: string | undefined;
  readonly reveals: number;
  readonly now: number;
  readonly onOpen: (id: string) => void;
  readonly onHold: (id: string | undefined) => void;
  readonly onFirst: () => void;
}

/** Rows drawn above and below the visible ones. */
const MARGIN = 6;

interface QueueState {
  readonly height: number;
}

/** The open alarms, most urgent first. Only visible rows are in the document; the row under the pointer never moves. */
export class Queue extends Component<Props, QueueState> {
  override state: QueueState = { height: 800 };
  readonly #list = createRef<HTMLDivElement>();
  readonly #anchor = new ScrollAnchor();
  /** The position that we scrolled the list to: the event that follows is not the operator's scrolling. */
  #scrolledTo = 0;
  #side: Side | undefined;
  #observer: ResizeObserver | undefined;

  override componentDidMount(): void {
    const list = this.#list.current;
    if (!list) return;
    this.#observer = new ResizeObserver(() => this.setState({ height: list.clientHeight }));
    this.#observer.observe(list);
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
    this.props.onHold(undefined);
  }

  override componentDidUpdate(previous: Props): void {
    const list = this.#list.current;
    if (!list) return;
    if (this.props.reveals !== previous.reveals && this.#reveal()) this.forceUpdate();
    this.#scrolledTo = this.#scrollTop();
    if (Math.abs(list.scrollTop - this.#scrolledTo) >= 1) list.scrollTop = this.#scrolledTo;
  }

  override render() {
    const { alarms, types, current, opened, held, now, onOpen, onHold, onFirst } = this.props;
    const { height } = this.state;
    const at = held === undefined ? -1 : alarms.findIndex(({ id }) => id === held);
    this.#anchor.hold(held, at < 0 ? undefined : at * ROW_PX);
    const { offset } = this.#anchor;
    // The rows are shifted by as much as the list can't be scrolled.
    const shift = this.#scrollTop() - offset;
    const first = Math.max(0, Math.floor(offset / ROW_PX) - MARGIN);
    const last = Math.min(alarms.length, Math.ceil((offset + height) / ROW_PX) + MARGIN);
    const shown = alarms.slice(first, last);
    const unseen = unseenOf(alarms, offset, height, now);
    // The list of unseen alarms is never under the pointer, and stays on its side while it is shown.
    const isHeldHigh = at >= 0 && at * ROW_PX - offset < height / 2;
    this.#side = unseen ? (this.#side ?? (isHeldHigh || unseen.above.length === 0 ? 'lower' : 'upper')) : undefined;
    return (
      <div class="list" style={{ '--type-width': typeWidth(types) }} onPointerLeave={() => onHold(undefined)}>
        <div
          class="rows"
          ref={this.#list}
          role="listbox"
          tabIndex={0}
          aria-label={`${counted(alarms.length, 'alarm')}, most urgent first`}
          aria-activedescendant={shown.some(({ id }) => id === current) ? `row-${current}` : undefined}
          onScroll={this.#onScroll}
          onWheel={() => onHold(undefined)}
        >
          <div class="all-rows" role="presentation" style={{ height: `${alarms.length * ROW_PX + Math.max(0, shift)}px` }}>
            {shown.map((alarm, i) => (
              <QueueRow
                key={alarm.id}
                alarm={alarm}
                type={types.of(alarm.type)}
                index={first + i}
                top={(first + i) * ROW_PX + shift}
                size={alarms.length}
                selected={alarm.id === current}
                opened={alarm.id === opened}
                now={now}
                onOpen={onOpen}
                onHold={this.#hold}
              />
            ))}
          </div>
        </div>
        {unseen && this.#side && <Unseen unseen={unseen} types={types} side={this.#side} now={now} onOpen={onOpen} onFirst={onFirst} />}
      </div>
    );
  }

  readonly #hold = (id: string): void => {
    if (this.props.held !== id) this.props.onHold(id);
  };

  readonly #onScroll = (event: Event): void => {
    const { scrollTop } = event.currentTarget as HTMLElement;
    if (Math.abs(scrollTop - this.#scrolledTo) < 1) return;
    this.#scrolledTo = scrollTop;
    this.#anchor.goTo(scrollTop);
    this.forceUpdate();
  };

  #scrollTop(): number {
    const most = Math.max(0, this.props.alarms.length * ROW_PX - this.state.height);
    return Math.max(0, Math.min(most, this.#anchor.offset));
  }

  /** Scrolls to the highlighted row, even if a row is held by the pointer. Returns whether it has scrolled. */
  #reveal(): boolean {
    const { alarms, current } = this.props;
    const index = alarms.findIndex(({ id }) => id === current);
    if (index < 0) return false;
    const { offset } = this.#anchor;
    const top = index * ROW_PX;
    if (top < offset) this.#anchor.goTo(top);
    else if (top + ROW_PX > offset + this.state.height) this.#anchor.goTo(top + ROW_PX - this.state.height);
    else return false;
    return true;
  }
}

const LETTERS = 6;
const LETTERS_MAX = 14;

/** Wide enough for the longest word, up to a limit. */
function typeWidth({ gravestFirst }: KnownTypes): string {
  const longest = Math.max(LETTERS, ...gravestFirst.map(({ word }) => word.length));
  return `${62 + (Math.min(longest, LETTERS_MAX) - LETTERS) * 10}px`;
}

/** Whether an alarm's row is visible and not covered. */
export function isInView(id: string): boolean {
  const row = document.getElementById(`row-${id}`);
  if (!row) return false;
  const { left, width, top, height } = row.getBoundingClientRect();
  return row.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}
