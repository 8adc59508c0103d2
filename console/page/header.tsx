import type { ListedAlarm } from '../api/schemas.ts';
import { Mark } from './marks.tsx';
import type { State, Vitals } from './store.ts';
import { age, clockTime, count, zone } from './time.ts';

const TYPES = [
  { type: 'smoke', severity: 'CRITICAL', word: 'smoke' },
  { type: 'temperature', severity: 'MAJOR', word: 'heat' },
  { type: 'motion', severity: 'MINOR', word: 'motion' },
] as const;

interface Props {
  readonly state: State;
  readonly alarms: readonly ListedAlarm[];
  readonly now: number;
  readonly onHelp: () => void;
  readonly onSignOut: () => void;
}

export function Header({ state, alarms, now, onHelp, onSignOut }: Props) {
  const { link, session } = state;
  const live = link.state === 'live';
  return (
    <header class="header">
      <h1>TOCSIN</h1>
      <output class={`link ${link.state}`}>{live ? 'LIVE' : link.state === 'stale' ? 'STALE' : 'CONNECTING'}</output>
      <ul class="severities" aria-label="Open alarms by type">
        {TYPES.map(({ type, severity, word }) => {
          const open = alarms.filter((alarm) => alarm.type === type);
          return (
            <li key={type} class={open.length === 0 ? 'none' : ''}>
              <Mark type={type} severity={open[0]?.severity ?? severity} active={open.length > 0} />
              <b>{count(open.length)}</b> {word}
            </li>
          );
        })}
      </ul>
      <span class={`rate ${state.vitals && isSilent(state.vitals) ? 'silent' : ''}`}>{rateWords(state)}</span>
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

const SILENCE_MS = 30_000;

/** Nothing has come in for so long that an empty queue proves nothing. */
export function isSilent({ at, log }: Vitals): boolean {
  return log.perSecond === 0 && (log.lastStatusAt === null || at - log.lastStatusAt > SILENCE_MS);
}

/** Whether statuses come in, as of the server's last look. */
export function rateWords({ vitals }: State): string {
  if (!vitals) return '';
  const { perSecond, lastStatusAt, problem } = vitals.log;
  if (problem !== null) return 'the log cannot be read';
  const rate = perSecond === null ? 'measuring…' : `${count(perSecond)} statuses/s`;
  if (lastStatusAt === null) return rate;
  const since = vitals.at - lastStatusAt;
  return `${rate}, last ${since < 1_000 ? 'less than 1 s' : since < 60_000 ? `${Math.round(since / 1_000)} s` : age(since)} ago`;
}
