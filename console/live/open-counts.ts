import type { Alarm } from '../../alarm/alarm.ts';
import { ALARM_TYPES, type AlarmType } from '../../alarm/status.ts';

export type CountByType = Readonly<Record<AlarmType, number>>;

/** How many alarms are open, whether or not a list shows them all. */
export interface OpenAlarmCounts {
  readonly total: number;
  readonly byType: CountByType;
  readonly active: CountByType;
  readonly unacknowledged: CountByType;
}

/** Counts open alarms as they come, change and go: nobody has to go through thousands of them for a number. */
export class OpenCounts {
  readonly #byType = none();
  readonly #active = none();
  readonly #unacknowledged = none();

  /** `by`: 1 for an alarm that is open now, -1 for one as it was before. */
  add({ type, state }: Pick<Alarm, 'type' | 'state'>, by: 1 | -1): void {
    this.#byType[type] += by;
    if (state.startsWith('ACTIVE')) this.#active[type] += by;
    if (state.endsWith('UNACK')) this.#unacknowledged[type] += by;
  }

  now(): OpenAlarmCounts {
    const total = ALARM_TYPES.reduce((sum, type) => sum + this.#byType[type], 0);
    return { total, byType: { ...this.#byType }, active: { ...this.#active }, unacknowledged: { ...this.#unacknowledged } };
  }
}

export const none = (): Record<AlarmType, number> => ({ motion: 0, smoke: 0, temperature: 0 });
