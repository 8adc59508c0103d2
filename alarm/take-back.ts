import type { Alarm } from './alarm.ts';
import { isActive } from './lifecycle.ts';
import { activeOf, type SensorState, typeStateOf } from './sensor-state.ts';
import type { TypeSet } from './type-set.ts';

/**
 * Puts an alarm back into the state of its sensor, which has lost it. Returns it as it is from now on: the same, or cleared, with the next version, since only
 * one alarm of a type may be active and the state has another, which stays.
 */
export function takeBack(state: SensorState, alarm: Alarm, types: TypeSet, now: number): Alarm {
  state.ended = state.ended.filter(({ id }) => id !== alarm.id);
  const type = typeStateOf(state, alarm.type, types);
  const others = type.open.filter(({ id }) => id !== alarm.id);
  const newer = activeOf({ ...type, open: others });
  const own: Alarm =
    newer && isActive(alarm)
      ? { ...alarm, version: alarm.version + 1, clearedAt: now, state: alarm.state === 'ACTIVE_ACK' ? 'CLEARED_ACK' : 'CLEARED_UNACK' }
      : alarm;
  if (own.state === 'CLEARED_ACK') state.ended = [...state.ended, own];
  else type.open = isActive(own) ? [...others, own] : [own, ...others];
  return own;
}
