import { faultsJson } from '../api/fault-json.ts';
import type { FaultySensors } from './faulty-sensors.ts';
import type { OpenAlarms } from './open-alarms.ts';
import type { StreamEvent } from './stream.ts';

/** At most this many in one event, so that it fits into the buffer of a slow reader. */
const FAULTY_PER_EVENT = 2_000;

/** Sensors that have changed since the last event about them, each once. */
export class SensorChanges {
  readonly ofState = new Set<number>();
  readonly ofFaults = new Set<number>();

  /** Removes them and returns them as events of the stream; faults beyond the limit of one event wait for the next call. */
  take(alarms: OpenAlarms, faults: FaultySensors | undefined): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.ofState.size > 0) {
      const states = [...this.ofState].flatMap((sensor) => [sensor, alarms.code(sensor)]);
      this.ofState.clear();
      events.push({ event: 'states', data: () => ({ states }) });
    }
    if (this.ofFaults.size > 0 && faults) {
      const changed = this.#someFaults().map((sensor) => ({ sensor, faults: faultsJson(faults.of(sensor)) }));
      events.push({ event: 'faults', data: () => changed });
    }
    return events;
  }

  #someFaults(): number[] {
    const some: number[] = [];
    for (const sensor of this.ofFaults) {
      if (some.length >= FAULTY_PER_EVENT) break;
      some.push(sensor);
    }
    for (const sensor of some) this.ofFaults.delete(sensor);
    return some;
  }
}
