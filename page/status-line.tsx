import type { State } from './state.ts';
import { age, count } from './time.ts';
import { behindMs, isProven, isSilent, troubleOf } from './trouble.ts';

/** The proof that everything is watched, or what is wrong. Always there, so that nothing moves under the pointer when it changes. */
export function StatusLine({ state, now }: { state: State; now: number }) {
  const trouble = troubleOf(state, now);
  if (trouble)
    return (
      <section class="status-line" aria-label="What is proven">
        <p class="banner" role="alert">
          {trouble.words}
        </p>
      </section>
    );
  const silent = state.vitals !== undefined && isSilent(state.vitals);
  return (
    <section class="status-line" aria-label="What is proven">
      <p class={silent ? 'silent' : ''}>{[detectionWords(state, now), rateWords(state)].filter(Boolean).join(' · ')}</p>
    </section>
  );
}

export function detectionWords(state: State, now: number): string {
  if (state.link.state === 'connecting') return 'Connecting…';
  const behind = behindMs(state, now);
  if (behind === null || !isProven(state, now)) return 'Checking that detection keeps up…';
  return `Detection keeps up: all readings up to ${(behind / 1_000).toFixed(1)} s ago are decided`;
}

/** Whether statuses come in, as the server last saw it. */
export function rateWords({ vitals }: State): string {
  if (!vitals) return '';
  const { perSecond, lastStatusAt, problem } = vitals.log;
  if (problem !== null) return 'the log cannot be read';
  const rate = perSecond === null ? 'measuring…' : `${count(perSecond)} statuses/s`;
  if (lastStatusAt === null) return isSilent(vitals) ? 'no status has come in' : rate;
  const since = vitals.at - lastStatusAt;
  const ago = since < 1_000 ? 'less than 1 s' : since < 60_000 ? `${Math.round(since / 1_000)} s` : age(since);
  return isSilent(vitals) ? `no status comes in, the last ${ago} ago` : `${rate}, last ${ago} ago`;
}
