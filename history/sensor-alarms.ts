import type { Alarm, AlarmChange } from '../alarm/alarm.ts';
import { isActive } from '../alarm/lifecycle.ts';
import { DEFAULT_RULES, SEVERITIES, type Severity } from '../alarm/rules.ts';
import { ALARM_TYPES, type AlarmType } from '../alarm/status.ts';

interface ActiveAlarm {
  /** Undefined where only the history told that there is one. */
  readonly id: string | undefined;
  readonly severity: Severity;
}

/** What is active at one sensor, one alarm of a type at most. */
export class SensorAlarms {
  /** The `at` of the state that was written last; the next one is not older. */
  at = 0;
  readonly #active = new Map<AlarmType, ActiveAlarm>();

  /** As a state of the history has it. */
  static of(active: readonly AlarmType[], at: number): SensorAlarms {
    const alarms = new SensorAlarms();
    alarms.at = at;
    for (const type of active) alarms.#active.set(type, { id: undefined, severity: DEFAULT_RULES[type].severity });
    return alarms;
  }

  /** Learns which alarm it is that the history only knows the type of. */
  identify({ id, type, severity }: Alarm): void {
    if (this.#active.has(type)) this.#active.set(type, { id, severity });
  }

  raise({ id, type, severity }: Alarm): void {
    this.#active.set(type, { id, severity });
  }

  /** True if this changes what is active. A change of an alarm that was over already, such as its acknowledgement, doesn't end the one after it. */
  apply({ event, alarm }: AlarmChange): boolean {
    const before = this.#active.get(alarm.type);
    if (isActive(alarm)) {
      this.raise(alarm);
      return before === undefined;
    }
    const over = before !== undefined && (before.id === undefined ? event === 'cleared' : before.id === alarm.id);
    return over && this.#active.delete(alarm.type);
  }

  get quiet(): boolean {
    return this.#active.size === 0;
  }

  /** Gravest first. */
  types(): readonly AlarmType[] {
    const rank = (type: AlarmType): number => SEVERITIES.indexOf(this.#active.get(type)?.severity ?? 'WARNING');
    return ALARM_TYPES.filter((type) => this.#active.has(type)).sort((a, b) => rank(a) - rank(b));
  }
}
