import type { Action } from '../../alarm/alarm.ts';
import type { ApiDeps } from './deps.ts';

/** Registers the actions for their outcomes and writes them to the log in one append. Rejects as `ActionLog.append` does. */
export async function handIn({ live, actionLog }: Pick<ApiDeps, 'live' | 'actionLog'>, actions: readonly Action[]): Promise<void> {
  for (const { id, alarm, kind } of actions) live.actions.begin(id, alarm, kind);
  try {
    await actionLog.append(actions);
  } catch (error) {
    for (const { id } of actions) live.actions.giveUp(id);
    throw error;
  }
}
