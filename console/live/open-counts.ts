import type { Alarm } from '../../alarm/alarm.ts';
import { isActive, isUnacknowledged } from '../../alarm/lifecycle.ts';
import type { TypeSet } from '../../alarm/type-set.ts';

/** By the name of the type: all types of the settings, and any other with a count. */
export type CountByType = Readonly<Record<string, number>>;

/** How many alarms are open, whether or not a list shows them all. */
export interface OpenAlarmCounts {
  readonly total: number;
  readonly byType: CountByType;
  readonly active: CountByType;
  readonly unacknowledged: CountByType;
}

/** A number for each type. */
export class TypeCounts {
  readonly #types: TypeSet;
  readonly #counts = new Map<string, number>();

  constructor(types: TypeSet) {
    this.#types = types;
  }

  add(type: string, by: number): void {
    const count = (this.#counts.get(type) ?? 0) + by;
    if (count === 0) this.#counts.delete(type);
    else this.#counts.set(type, count);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  now(): CountByType {
    return Object.fromEntries([...this.#types.types.map(({ name }): [string, number] => [name, 0]), ...this.#counts]);
  }
}

/** Keeps the numbers of open alarms up to date, so that nobody has to iterate over thousands of them. */
export class OpenCounts {
  readonly #byType: TypeCounts;
  readonly #active: TypeCounts;
  readonly #unacknowledged: TypeCounts;

  constructor(types: TypeSet) {
    this.#byType = new TypeCounts(types);
    this.#active = new TypeCounts(types);
    this.#unacknowledged = new TypeCounts(types);
  }

  /** `by`: 1 for an alarm as it is now, -1 for the same alarm as it was before. */
  add(alarm: Pick<Alarm, 'type' | 'state'>, by: 1 | -1): void {
    this.#byType.add(alarm.type, by);
    if (isActive(alarm)) this.#active.add(alarm.type, by);
    if (isUnacknowledged(alarm)) this.#unacknowledged.add(alarm.type, by);
  }

  now(): OpenAlarmCounts {
    return {
      total: this.#byType.total,
      byType: this.#byType.now(),
      active: this.#active.now(),
      unacknowledged: this.#unacknowledged.now(),
    };
  }
}
