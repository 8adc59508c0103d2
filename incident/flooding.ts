import { conditionOf, type Decisions } from './decisions.ts';
import { clear, raise } from './joining.ts';

const KEY = 'flood';

/** One incident more: perhaps more of them open than can be read. */
export function rise(decisions: Decisions): void {
  const { lately, settings, tick, offset } = decisions;
  if (!lately.flood.opened(tick, settings.flood)) return;
  raise(decisions, { key: KEY, kind: 'flood', member: conditionOf(decisions, `flood-${offset}`, 'flood', 'WARNING') });
}

/** Few enough open again. */
export function ebb(decisions: Decisions): void {
  const { incidents, lately, now } = decisions;
  if (!lately.flood.ebbs(now)) return;
  for (const { id, active } of incidents.openOf(KEY)?.members ?? []) if (active) clear(decisions, id);
}
