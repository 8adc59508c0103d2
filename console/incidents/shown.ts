import { incidentOfName } from '../../incident/incident-id.ts';
import type { Signal } from '../../incident/signal.ts';
import type { IncidentNow } from '../../records/incident-record.ts';

const REMEMBERED = 20_000;

/** Says in the log, once, that an incident was on an operator's page. */
export class Shown {
  readonly #append: (signals: readonly Signal[]) => Promise<void>;
  readonly #said = new Set<string>();

  constructor(append: (signals: readonly Signal[]) => Promise<void>) {
    this.#append = append;
  }

  /** Nobody waits for it: if it can't be written, `failed` is called, and the next who sees it says so. */
  note(incidents: readonly IncidentNow[], by: string, failed: () => void): void {
    const fresh = incidents.filter(({ id, clock }) => clock.shown === undefined && !this.#said.has(id));
    const signals = fresh.flatMap(({ id }): Signal[] => {
      const incident = incidentOfName(id);
      return incident === undefined ? [] : [{ signal: 'shown', incident, by }];
    });
    if (signals.length === 0) return;
    for (const { id } of fresh) this.#said.add(id);
    for (const oldest of this.#said) {
      if (this.#said.size <= REMEMBERED) break;
      this.#said.delete(oldest);
    }
    this.#append(signals).catch(() => {
      for (const { id } of fresh) this.#said.delete(id);
      failed();
    });
  }
}
