import { conditionOf, type Decisions } from './decisions.ts';
import { clear, raise } from './joining.ts';
import type { PartSignal } from './signal.ts';
import { PARTS_ALONE } from './settings.ts';

const KEY = 'platform';

/** A part of the system itself is well, or isn't: of that there is a word only if it lasts. */
export function partIs(decisions: Decisions, { part, isWell, isVital }: PartSignal): void {
  const { parts } = decisions.lately;
  if (!isWell) parts.isUnwell(part, isVital ? 'CRITICAL' : 'MAJOR', decisions.tick);
  else {
    const member = parts.isWell(part);
    if (member !== undefined) clear(decisions, member);
  }
}

/** One incident for each part that is unwell for long enough; from the third one at a time on they have one in common, since it has a cause in common. */
export function sayUnwell(decisions: Decisions): void {
  const { incidents, lately, now, offset } = decisions;
  for (const { part, severity, member: id = '' } of lately.parts.takeDue(now, (name) => `part-${name}-${offset}`)) {
    const said = lately.parts.all().filter(({ member, part: other }) => member !== undefined && other !== part);
    const isOne = incidents.openOf(KEY) !== undefined || said.length >= PARTS_ALONE;
    raise(decisions, { key: isOne ? KEY : `${KEY}:${part}`, kind: 'platform', member: conditionOf(decisions, id, part, severity) });
  }
}
