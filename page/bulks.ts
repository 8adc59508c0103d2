import { MANY_MAX } from '../console/api/many-max.ts';
import type { AcknowledgedMany, ListedAlarm } from '../console/api/schemas.ts';
import { callApi } from './api.ts';
import { type Bulk, isUnderWay } from './bulk.ts';
import { newId } from './new-id.ts';
import type { Store } from './store.ts';

/** One call. The ids of its actions derive from its own id, so that it may be sent again. */
interface Part {
  readonly action: string;
  readonly alarms: readonly Pick<ListedAlarm, 'id' | 'version'>[];
  readonly lifeSafety: boolean;
}

const AGAIN_MS = [300, 700, 1_500, 3_000];
/** After this many attempts the operator decides. */
const ATTEMPTS = 8;

/** Acknowledges many alarms, a part at a time, until the outcome of each is known. */
export class Bulks {
  readonly #store: Store;
  /** The remaining parts of those that can be sent again. */
  readonly #left = new Map<string, readonly Part[]>();

  constructor(store: Store) {
    this.#store = store;
  }

  get underWay(): boolean {
    return this.#store.state.bulks.some(isUnderWay);
  }

  async acknowledge(alarms: readonly ListedAlarm[]): Promise<void> {
    const lifeSafety = alarms.some(({ type }) => this.#store.state.types.of(type).lifeSafety);
    const parts: Part[] = [];
    for (let at = 0; at < alarms.length; at += MANY_MAX) {
      const some = alarms.slice(at, at + MANY_MAX).map(({ id, version }) => ({ id, version }));
      parts.push({ action: newId(), alarms: some, lifeSafety });
    }
    const bulk: Bulk = { id: newId(), total: alarms.length, outcomes: {}, state: 'sending' };
    this.#store.update((state) => {
      state.bulks = [...state.bulks, bulk];
    });
    await this.#run(bulk, parts);
  }

  async repeat(id: string): Promise<void> {
    const parts = this.#left.get(id);
    const bulk = this.#store.state.bulks.find((one) => one.id === id);
    if (parts && bulk && !isUnderWay(bulk)) await this.#run(bulk, parts);
  }

  dismiss(id: string): void {
    this.#store.update((state) => {
      state.bulks = state.bulks.filter((bulk) => bulk.id !== id || isUnderWay(bulk));
    });
  }

  async #run(begun: Bulk, parts: readonly Part[]): Promise<void> {
    let bulk = this.#keep({ ...begun, state: 'sending', reason: undefined });
    this.#left.delete(bulk.id);
    for (const [i, part] of parts.entries()) {
      bulk = await this.#send(bulk, part);
      if (isUnderWay(bulk)) continue;
      if (bulk.state === 'untaken') this.#left.set(bulk.id, parts.slice(i));
      return;
    }
    this.#keep({ ...bulk, state: 'done' });
  }

  async #send(bulk: Bulk, part: Part): Promise<Bulk> {
    for (let attempt = 1; ; attempt += 1) {
      const { status, body, error } = await callApi<AcknowledgedMany>('POST', '/api/alarms/acknowledge', part);
      if (status >= 400 && status < 500 && status !== 408) return this.#keep({ ...bulk, state: 'refused', reason: error });
      const answered = status === 200 && body ? body.alarms : undefined;
      if (answered?.every(({ outcome }) => outcome !== 'pending'))
        return this.#keep({ ...bulk, state: 'sending', outcomes: added(bulk.outcomes, answered) });
      if (status === 503 || attempt >= ATTEMPTS)
        return this.#keep({ ...bulk, state: 'untaken', reason: error ?? 'the outcome of some of them is not known yet' });
      this.#keep({ ...bulk, state: 'asking' });
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS[Math.min(attempt, AGAIN_MS.length) - 1]));
    }
  }

  #keep(bulk: Bulk): Bulk {
    this.#store.update((state) => {
      state.bulks = state.bulks.map((one) => (one.id === bulk.id ? bulk : one));
    });
    return bulk;
  }
}

function added(outcomes: Bulk['outcomes'], answered: AcknowledgedMany['alarms']): Bulk['outcomes'] {
  const sum = { ...outcomes };
  for (const { outcome } of answered) sum[outcome] = (sum[outcome] ?? 0) + 1;
  return sum;
}
