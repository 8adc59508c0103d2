import { conditionOf, type Decisions } from './decisions.ts';
import { clear, raise } from './joining.ts';
import type { Refused } from './refusals.ts';
import { REFUSED_CALM_MS, REFUSED_SAID_EVERY_MS, REFUSED_WORSE } from './settings.ts';

const KEY = 'quality';

/** Lines were refused: perhaps too many by now. */
export function refusedLines(decisions: Decisions, refused: Refused): void {
  const { lately, settings, tick, now, offset } = decisions;
  const { refusals } = lately;
  refusals.count(refused, tick);
  if (refusals.tally) return;
  const total = refusals.tooMany(tick, settings.quality);
  if (total === undefined) return;
  refusals.tally = { total, said: total, saidAt: now, told: total, risenAt: tick };
  const incident = raise(decisions, { key: KEY, kind: 'quality', member: conditionOf(decisions, `quality-${offset}`, 'refused', 'MINOR') });
  decisions.emit(incident, { event: 'counted', count: total });
}

/** How many they are by now, once a minute at most; told only when they are ten times as many. It is over when none has come for long enough. */
export function tally(decisions: Decisions): void {
  const { incidents, lately, now } = decisions;
  const { refusals } = lately;
  const { tally: before } = refusals;
  if (!before || refusals.nextDue > now) return;
  const incident = incidents.openOf(KEY);
  if (before.total > before.said && before.saidAt + REFUSED_SAID_EVERY_MS <= now) {
    const isWorse = before.total >= REFUSED_WORSE * before.told;
    refusals.tally = { ...before, said: before.total, saidAt: now, ...(isWorse && { told: before.total }) };
    if (incident) {
      const counted = decisions.emit(incident, { event: 'counted', count: before.total });
      if (isWorse) decisions.tell(counted, 'updated');
    }
  }
  if (before.risenAt + REFUSED_CALM_MS > now) return;
  refusals.tally = undefined;
  for (const { id, active } of incidents.openOf(KEY)?.members ?? []) if (active) clear(decisions, id);
}
