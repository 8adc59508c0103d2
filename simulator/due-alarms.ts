import type { AppDeps } from './app.ts';
import { isHit, type Message } from './message.ts';
import type { Oracle } from './oracle.ts';
import { OwnError } from '../runtime/errors.ts';

/** An alarm that must have been raised, and when. Part of the JSON report, for comparison with other outputs than the console's API. */
export interface DueAlarm {
  readonly sensor: number;
  readonly type: string;
  /** The `seq` of the readings that raised it. */
  readonly evidence: readonly number[];
  readonly recovered: boolean;
  /** The last reading was received between these times, epoch ms by the simulator's clock: when it was planned and when it was acknowledged. */
  readonly receivedBetween: readonly [number, number];
}

/** Passes messages on to the oracle and records their times. */
export class DueAlarms {
  readonly #oracle: AppDeps['oracle'] & Pick<Oracle, 'expectations'>;
  readonly #clock: () => number;
  readonly #startedAt: number;
  readonly #received = new Map<string, readonly [number, number]>();

  /** Must be created before the first message is due. */
  constructor(oracle: AppDeps['oracle'] & Pick<Oracle, 'expectations'>, clock: () => number) {
    this.#oracle = oracle;
    this.#clock = clock;
    this.#startedAt = clock();
  }

  acknowledged(message: Message, byMs?: number): void {
    const key = keyOf(message.sensor, message.reading);
    // A repeat changes nothing.
    if (isHit(message) && !this.#received.has(key)) this.#received.set(key, [this.#startedAt + message.dueMs, this.#clock()]);
    this.#oracle.acknowledged(message, byMs);
  }

  unknown(message: Message): void {
    this.#oracle.unknown(message);
  }

  /** Without alarms of a sensor and type for which the outcome of a message is unknown. */
  list(): DueAlarm[] {
    return [...this.#oracle.expectations()].flatMap(({ sensor, type, possible: [alarms = [], ...others] }) => {
      if (others.length > 0) return [];
      return alarms.map(({ readings, evidence, recovered }) => {
        const receivedBetween = this.#received.get(keyOf(sensor, readings.at(-1) ?? -1));
        if (receivedBetween === undefined) throw new OwnError(`sensor ${sensor} has an alarm of a reading that was never acknowledged`);
        return { sensor, type, evidence, recovered, receivedBetween };
      });
    });
  }
}

const keyOf = (sensor: number, reading: number): string => `${sensor} ${reading}`;
