import type { IncidentEvent } from './event.ts';
import { type Clock, type Incident, isActive, type Member } from './incident.ts';

/** Those that the engine's time goes into. */
type Mark = Exclude<keyof Clock, 'received' | 'raised'>;
const MARKS = ['opened', 'notified', 'shown', 'taken', 'dispatched', 'restored', 'closed'] as const satisfies readonly Mark[];

export function newClock({ raisedAt, receivedAt }: Member, at: number): Clock {
  return { raised: raisedAt, opened: at, ...(receivedAt !== undefined && { received: receivedAt }) };
}

/** What an event makes of an incident's clocks. A time that is there stays: who takes it a second time was not quicker. */
export function clocks(before: Incident, after: Incident, event: IncidentEvent): Pick<Incident, 'clock' | 'worseClock'> {
  if (event.event === 'clamped') return both(before, (clock) => clamped(clock, event.to));
  if (event.event === 'worsened') {
    const newest = before.members.at(-1);
    return { clock: before.clock, worseClock: newest ? newClock(newest, event.at) : { opened: event.at } };
  }
  const mark = markOf(event, after);
  return mark ? both(before, (clock) => (clock[mark] === undefined ? { ...clock, [mark]: event.at } : clock)) : before;
}

function both({ clock, worseClock }: Incident, change: (clock: Clock) => Clock): Pick<Incident, 'clock' | 'worseClock'> {
  return { clock: change(clock), ...(worseClock && { worseClock: change(worseClock) }) };
}

function markOf(event: IncidentEvent, after: Incident): Mark | undefined {
  switch (event.event) {
    case 'notified':
    case 'shown':
    case 'taken':
    case 'closed':
      return event.event;
    case 'stepped':
      return event.dispatches ? 'dispatched' : undefined;
    case 'changed':
      return isActive(after) ? undefined : 'restored';
    default:
      return undefined;
  }
}

function clamped(clock: Clock, to: number): Clock {
  const marked = MARKS.flatMap((mark) => (clock[mark] === undefined ? [] : [[mark, Math.min(clock[mark], to)] as const]));
  return { ...clock, ...Object.fromEntries(marked) };
}
