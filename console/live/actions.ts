import type { ActionKind, AlarmEvent } from '../../alarm/alarm.ts';

/** What became of an action, as far as this console has heard. */
export interface KnownAction {
  readonly alarm: string;
  readonly kind: ActionKind;
  /** `pending`: handed to the log, and not answered yet. */
  readonly state: 'pending' | 'done' | 'refused';
  /** Why it was refused. */
  readonly reason?: string;
}

export interface ActionLimits {
  /** How many may wait for their outcome at once. */
  readonly waitingMax: number;
  /** How many are remembered; beyond that the longest unheard of is forgotten. */
  readonly knownMax: number;
}

const LIMITS: ActionLimits = { waitingMax: 1_000, knownMax: 10_000 };

/**
 * Actions and their outcomes by the action's id: what came in here, and what the log says of anybody's. The first outcome in the log stands: a
 * second record of the same action finds the alarm changed by the first.
 */
export class Actions {
  readonly #limits: ActionLimits;
  readonly #known = new Map<string, KnownAction>();
  readonly #waiting = new Set<{ readonly id: string; readonly settle: () => void }>();

  constructor(limits: Partial<ActionLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get full(): boolean {
    return this.#waiting.size >= this.#limits.waitingMax;
  }

  find(id: string): KnownAction | undefined {
    return this.#known.get(id);
  }

  /** Call it before the action is appended: its outcome may come first. */
  begin(id: string, alarm: string, kind: ActionKind): void {
    this.#keep(id, { alarm, kind, state: 'pending' });
  }

  /** The log has not confirmed it: unless an outcome comes all the same, nothing is known of it. */
  giveUp(id: string): void {
    if (this.#known.get(id)?.state !== 'pending') return;
    this.#known.delete(id);
    this.#settle(id);
  }

  /** Resolves as soon as the outcome is known, or after `ms` with what is known then. */
  outcome(id: string, ms: number): Promise<KnownAction | undefined> {
    if (this.find(id)?.state !== 'pending') return Promise.resolve(this.find(id));
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        resolve(this.find(id));
      };
      const timer = setTimeout(settle, ms);
      const waiter = { id, settle };
      this.#waiting.add(waiter);
    });
  }

  /** An event of the log. */
  hear(event: AlarmEvent): void {
    const { action } = event;
    if (!action) return;
    const known = this.#known.get(action.id);
    if (known && known.state !== 'pending') return;
    const { alarm, kind } = action;
    this.#keep(
      action.id,
      event.event === 'refused' ? { alarm, kind, state: 'refused', reason: event.reason } : { alarm, kind, state: 'done' },
    );
    this.#settle(action.id);
  }

  close(): void {
    for (const { settle } of [...this.#waiting]) settle();
  }

  #keep(id: string, action: KnownAction): void {
    this.#known.delete(id);
    this.#known.set(id, action);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#limits.knownMax) break;
      this.#known.delete(oldest);
    }
  }

  #settle(id: string): void {
    for (const waiter of [...this.#waiting]) if (waiter.id === id) waiter.settle();
  }
}
