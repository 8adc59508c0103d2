import type { Alarm, AlarmChange } from '../alarm/alarm.ts';
import { isActive } from '../alarm/lifecycle.ts';
import { SEVERITIES, type Severity } from '../alarm/severity.ts';
import type { TypeSet } from '../alarm/type-set.ts';

interface ActiveAlarm {
  /** Undefined, like its severity, where only the history says that there is an alarm. */
  readonly id: string | undefined;
  readonly severity: Severity | undefined;
}

/** What is active at one sensor, one alarm of a type at most. */
export class SensorAlarms {
  /** The `at` of the state that was written last; the next one is not older. */
  at = 0;
  readonly #active = new Map<string, ActiveAlarm>();

  /** As a state of the history has it. */
  static of(active: readonly string[], at: number): SensorAlarms {
    const alarms = new SensorAlarms();
    alarms.at = at;
    for (const type of active) alarms.#active.set(type, { id: undefined, severity: undefined });
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

  /** Gravest first; of equal ones in the order of the settings, and those that the settings don't know last, by name. */
  types(known: TypeSet): readonly string[] {
    const ranked = Array.from(this.#active, ([type, { severity }]) => {
      const place = known.placeOf(type) ?? known.types.length;
      // A type that nothing is known of but its name may be as grave as any.
      const gravity = SEVERITIES.indexOf(severity ?? known.types[place]?.severity ?? SEVERITIES[0]);
      return { type, place, gravity };
    });
    ranked.sort((a, b) => a.gravity - b.gravity || a.place - b.place || (a.type < b.type ? -1 : 1));
    return ranked.map(({ type }) => type);
  }
}
