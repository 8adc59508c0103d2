import type { State, Vitals } from './state.ts';
import { clockTime } from './time.ts';

/** "All is well" needs a proof that was no older than this when it arrived. */
const PROOF_MS = 15_000;
/** The server sends a beat this often; no newer proof can arrive before that. */
const BEAT_MS = 3_000;
const SILENCE_MS = 30_000;

type Seen = Pick<State, 'link' | 'lastByteAt' | 'liveSince' | 'clockOffset' | 'vitals'>;

/** Why the page must not be relied upon. */
export interface Trouble {
  /** For the title of the window. */
  readonly title: string;
  readonly words: string;
}

/** The gravest trouble. `now` is the server's time. */
export function troubleOf(state: Seen, now: number): Trouble | undefined {
  const { link, vitals } = state;
  if (link.state === 'connecting') return undefined;
  if (link.state === 'stale') return linkTrouble(state, link.reason, now);
  const problem = vitals?.log.problem ?? null;
  if (problem !== null) return { title: 'LOG UNREADABLE', words: `THE LOG CANNOT BE READ: ${problem}. Alarms may be missing.` };
  const behind = behindMs(state, now);
  if (behind === null) {
    if (state.liveSince === undefined || now - state.clockOffset - state.liveSince <= PROOF_MS) return undefined;
    return { title: 'DETECTION UNKNOWN', words: 'DETECTION UNKNOWN: nothing proves that readings are processed. Alarms may be missing.' };
  }
  if (keepsUp(state, now)) return undefined;
  const seconds = Math.round(behind / 1_000);
  return { title: 'DETECTION BEHIND', words: `DETECTION IS ${seconds} s BEHIND: alarms of that time may be missing.` };
}

function linkTrouble(state: Seen, reason: string, now: number): Trouble {
  if (!state.vitals)
    return { title: 'NOT CONNECTED', words: `NOT CONNECTED: ${reason}. Whether there are alarms is not known; trying again.` };
  const at = state.lastByteAt + state.clockOffset;
  const seconds = Math.round((now - at) / 1_000);
  return {
    title: 'LINK LOST',
    words: `LINK LOST. What you see is from ${clockTime(at, now)}, ${seconds} s old: ${reason}. Nothing can be done from here until the link is back; trying again.`,
  };
}

/** All readings that came in longer ago than this are decided, ms; null: not known. */
export function behindMs({ vitals }: Pick<State, 'vitals'>, now: number): number | null {
  if (!vitals || vitals.behindMs === null) return null;
  return vitals.behindMs + Math.max(0, now - vitals.at);
}

/** Detection is proven to keep up, so that an empty queue means something. */
export function isProven(state: Seen, now: number): boolean {
  return state.link.state === 'live' && keepsUp(state, now) && troubleOf(state, now) === undefined;
}

function keepsUp({ vitals }: Pick<State, 'vitals'>, now: number): boolean {
  if (!vitals || vitals.behindMs === null) return false;
  return vitals.behindMs + Math.max(0, now - vitals.at - BEAT_MS) <= PROOF_MS;
}

/** Whether nothing has come in for so long that an empty queue proves nothing. */
export function isSilent({ at, log }: Vitals): boolean {
  return log.perSecond === 0 && (log.lastStatusAt === null || at - log.lastStatusAt > SILENCE_MS);
}
