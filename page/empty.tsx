import { faultyWords } from './faults.ts';
import { damagedWords } from './queue-head.tsx';
import { total } from './open-counts.ts';
import { detectionWords, rateWords } from './status-line.tsx';
import type { State } from './state.ts';
import { clockTime, counted } from './time.ts';
import { isProven, isSilent, troubleOf } from './trouble.ts';

/** Shown for an empty queue, from which `hidden` alarms are left out by choice: the proof that there are no alarms, or that there is no proof. */
export function Empty({ state, hidden, now }: { state: State; hidden: number; now: number }) {
  const { vitals } = state;
  if (!vitals)
    return <p class="empty">{state.link.state === 'stale' ? 'Not connected: whether there are alarms is not known.' : 'Connecting…'}</p>;
  if (hidden === 0 && vitals.places?.count === 0 && vitals.damaged === 0 && troubleOf(state, now) === undefined)
    return <NoClients state={state} />;
  const silent = isSilent(vitals);
  return (
    <div class="empty">
      <p>
        <b>{headline(state, hidden, now)}</b>
      </p>
      {silent && <p class="problem">No alarm would be noticed. Check the proxy and the sensors.</p>}
      {state.link.state === 'live' && !troubleOf(state, now) && <p>{detectionWords(state, now)}</p>}
      <p>{rateWords(state)}</p>
      {state.faulty !== 0 && <p class="problem">{faultyWords(state.faulty)}: alarms may be missing there.</p>}
      <p class="dim">
        {vitals.places ? `watching ${counted(vitals.places.count, 'sensor')}` : 'the places of the sensors are not known yet'}
      </p>
    </div>
  );
}

function headline(state: State, hidden: number, now: number): string {
  if (state.link.state !== 'live')
    return `No alarm was known at ${clockTime(state.lastByteAt + state.clockOffset, now)}. Alarms since then are not known.`;
  if (hidden > 0) return `${counted(hidden, 'quarantined alarm')} ${hidden === 1 ? 'is' : 'are'} hidden, and no other is listed.`;
  if (state.unlisted && total(state.unlisted.byType) > 0) return 'There are open alarms, but none is listed here.';
  if (state.vitals && state.vitals.damaged > 0) return `${damagedWords(state.vitals.damaged)}, and none is listed here.`;
  if (troubleOf(state, now)) return 'No alarm is known, but alarms may be missing.';
  if (state.vitals && isSilent(state.vitals)) return 'No alarm is known, but no status comes in.';
  return isProven(state, now) ? 'No alarms.' : 'No alarm is known yet.';
}

function NoClients({ state }: { state: State }) {
  return (
    <div class="empty">
      <p>
        <b>No alarm is known, and no clients yet.</b>
      </p>
      <p>Load sample clients from all over the world:</p>
      <code>npm run clients -- generate 50000 --import</code>
      <p class="dim">or your own from CSV files: npm run clients -- import FILE…</p>
      <p class="dim">{rateWords(state)}</p>
    </div>
  );
}
