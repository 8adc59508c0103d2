import { faultsJson } from '../api/fault-json.ts';
import type { FaultySensors } from './faulty-sensors.ts';
import type { OpenAlarms } from './open-alarms.ts';
import type { StreamEvent } from './stream.ts';

/** Sensors that have changed since streams were last told, however often each has. */
export class SensorChanges {
  readonly ofState = new Set<number>();
  readonly ofFaults = new Set<number>();

  /** As events of the stream. Faults wait until all of them are known. */
  take(alarms: OpenAlarms, faults: FaultySensors | undefined): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.ofState.size > 0) {
      const states = [...this.ofState].flatMap((sensor) => [sensor, alarms.code(sensor)]);
      this.ofState.clear();
      events.push({ event: 'states', data: () => ({ states }) });
    }
    if (this.ofFaults.size > 0 && faults) {
      const changed = [...this.ofFaults].map((sensor) => ({ sensor, faults: faultsJson(faults.of(sensor)) }));
      this.ofFaults.clear();
      events.push({ event: 'faults', data: () => changed });
    }
    return events;
  }
}
