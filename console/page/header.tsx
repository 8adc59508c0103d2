import { Mark } from './marks.tsx';
import type { OpenCounts } from './open-counts.ts';
import type { State } from './state.ts';
import { clockTime, count, zone } from './time.ts';
import { troubleOf } from './trouble.ts';

const TYPES = [
  { type: 'smoke', severity: 'CRITICAL', word: 'smoke' },
  { type: 'temperature', severity: 'MAJOR', word: 'heat' },
  { type: 'motion', severity: 'MINOR', word: 'motion' },
] as const;

interface Props {
  readonly state: State;
  /** Undefined: not known. */
  readonly open: OpenCounts | undefined;
  readonly now: number;
  readonly onHelp: () => void;
  readonly onSignOut: () => void;
}

export function Header({ state, open, now, onHelp, onSignOut }: Props) {
  const { link, session } = state;
  const live = link.state === 'live';
  const sure = live && troubleOf(state, now) === undefined;
  return (
    <header class="header">
      <h1>TOCSIN</h1>
      <output class={`link ${link.state}`}>{live ? 'LIVE' : link.state === 'stale' ? 'STALE' : 'CONNECTING'}</output>
      <ul class="severities" aria-label="Open alarms by type">
        {TYPES.map(({ type, severity, word }) => {
          const number = open?.byType[type];
          return (
            <li key={type} class={number === 0 ? 'none' : ''}>
              <Mark type={type} severity={severity} active={number !== 0} />
              <b>{numberWords(number, sure)}</b> {word}
            </li>
          );
        })}
      </ul>
      <span class="spring" />
      <time class="clock" dateTime={new Date(now).toISOString()}>
        {clockTime(now, now)} {zone()}
      </time>
      {session && (
        <span class="who">
          {session.name}
          {session.role === 'viewer' && ' (viewer)'}
        </span>
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

/** What isn't known is no 0, and what is old or may lack some is doubtful. */
const numberWords = (n: number | undefined, sure: boolean): string => (n === undefined ? '–' : sure ? count(n) : `${count(n)}?`);
