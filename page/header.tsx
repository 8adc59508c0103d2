import type { OpenCounts } from './open-counts.ts';
import type { State } from './state.ts';
import { clockTime, count, zone } from './time.ts';
import { troubleOf } from './trouble.ts';
import { TypeCounts } from './type-counts.tsx';

interface Props {
  readonly state: State;
  /** Undefined: not known. */
  readonly open: OpenCounts | undefined;
  readonly now: number;
  readonly onHelp: () => void;
  readonly onIncidents: () => void;
  /** Undefined: the person may not see who is signed in. */
  readonly onPeople: (() => void) | undefined;
  readonly onSignOut: () => void;
}

export function Header({ state, open, now, onHelp, onIncidents, onPeople, onSignOut }: Props) {
  const { link, session } = state;
  const live = link.state === 'live';
  const sure = live && troubleOf(state, now) === undefined;
  return (
    <header class="header">
      <h1>TOCSIN</h1>
      <output class={`link ${link.state}`}>{live ? 'LIVE' : link.state === 'stale' ? 'STALE' : 'CONNECTING'}</output>
      <TypeCounts types={state.types} open={open} sure={sure} />
      <span class="spring" />
      <time class="clock" dateTime={new Date(now).toISOString()}>
        {clockTime(now, now)} {zone()}
      </time>
      {session && (
        <span class="who">
          {session.name}
          {session.role !== 'operator' && ` (${session.role})`}
        </span>
      )}
      {state.openIncidents !== undefined && (
        <button type="button" class="quiet" aria-haspopup="dialog" onClick={onIncidents}>
          Incidents {count(state.openIncidents)}
        </button>
      )}
      {onPeople && (
        <button type="button" class="quiet" onClick={onPeople}>
          Signed in
        </button>
      )}
      <button type="button" class="quiet" onClick={onHelp} aria-label="Keys and help">
        ?
      </button>
      <button type="button" class="quiet" onClick={onSignOut}>
        Sign out
      </button>
    </header>
  );
}
