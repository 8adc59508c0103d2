import type { Scenario } from '../scenario.ts';
import { burst } from './burst.ts';
import { dirtyFields } from './dirty-fields.ts';
import { duplicates } from './duplicates.ts';
import { flapping } from './flapping.ts';
import { lateRecoveries } from './late-recoveries.ts';
import { case1, case2 } from './reference.ts';
import { resends } from './resends.ts';
import { silent } from './silent.ts';
import { stuckCounters } from './stuck-counters.ts';
import { unrest } from './unrest.ts';

export const SCENARIOS: readonly Scenario[] = [
  case1,
  case2,
  burst,
  silent,
  flapping,
  duplicates,
  resends,
  stuckCounters,
  dirtyFields,
  lateRecoveries,
  unrest,
];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
