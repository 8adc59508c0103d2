import type { Alarm, AlarmChange } from '../alarm/alarm.ts';
import { isActive } from '../alarm/lifecycle.ts';
import { SEVERITIES, type Severity } from '../alarm/severity.ts';
import type { TypeSet } from '../alarm/type-set.ts';

type Named = Pick<Alarm, 'id' | 'type' | 'severity'>;

interface ActiveAlarm {
  readonly type: string;
  /** Undefined, as the severity is, if the alarm is known only from the history. */
  readonly id: string | undefined;
  readonly severity: Severity | undefined;
}

const NONE: readonly never[] = [];

/** The active alarms of one sensor, at most one of each type. There may be hundreds of thousands of these, so each is small. */
export class SensorAlarms {
  /** Time of the latest state, epoch ms; the next one is never older. */
  at = 0;
  #active: readonly ActiveAlarm[] = NONE;

  /** From a state of the history. */
  static of(active: readonly string[], at: number): SensorAlarms {
    const alarms = new SensorAlarms();
    alarms.at = at;
    alarms.#active = active.map((type) => ({ type, id: undefined, severity: undefined }));
    return alarms;
  }

  /** Adds id and severity to an active alarm of which the history has only the type. */
  identify(alarm: Named): void {
    if (this.#of(alarm.type)) this.raise(alarm);
  }

  raise({ id, type, severity }: Named): void {
    // An array that is spread into a new one leaves room for 16 more.
    this.#active = this.#active.filter((other) => other.type !== type).concat({ type, id, severity });
  }

  /** Returns whether this changes what is active. A change of an earlier alarm that was over already, such as its acknowledgement, changes nothing. */
  apply({ event, alarm }: AlarmChange): boolean {
    const before = this.#of(alarm.type);
    if (isActive(alarm)) {
      this.raise(alarm);
      return before === undefined;
    }
    if (before === undefined || (before.id === undefined ? event !== 'cleared' : before.id !== alarm.id)) return false;
    this.#active = this.#active.filter((other) => other !== before);
    return true;
  }

  get quiet(): boolean {
    return this.#active.length === 0;
  }

  /** The active types, gravest first; equally grave ones in the order of the settings, and last, by name, those that the settings don't have. */
  types(known: TypeSet): readonly string[] {
    const ranked = this.#active.map(({ type, severity }) => {
      const place = known.placeOf(type) ?? known.types.length;
      // A type of which only the name is known may be as grave as any.
      const gravity = SEVERITIES.indexOf(severity ?? known.types[place]?.severity ?? SEVERITIES[0]);
      return { type, place, gravity };
    });
    ranked.sort((a, b) => a.gravity - b.gravity || a.place - b.place || (a.type < b.type ? -1 : 1));
    return ranked.map(({ type }) => type);
  }

  #of(type: string): ActiveAlarm | undefined {
    return this.#active.find((alarm) => alarm.type === type);
  }
}
