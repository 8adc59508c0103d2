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
  /** How many calls may wait for outcomes at once. */
  readonly waitingMax: number;
  /** How many are remembered; beyond that the longest unheard of is forgotten. */
  readonly knownMax: number;
}

const LIMITS: ActionLimits = { waitingMax: 1_000, knownMax: 50_000 };

/** A call that waits for the outcomes of its actions. */
interface Waiter {
  /** Those that it still waits for. */
  readonly left: Set<string>;
  readonly settle: () => void;
}

/**
 * Actions and their outcomes by the action's id: what came in here, and what the log says of anybody's. The first outcome in the log stands: a
 * second record of the same action finds the alarm changed by the first.
 */
export class Actions {
  readonly #limits: ActionLimits;
  readonly #known = new Map<string, KnownAction>();
  readonly #waiting = new Set<Waiter>();
  readonly #waitersOf = new Map<string, Set<Waiter>>();

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
  async outcome(id: string, ms: number): Promise<KnownAction | undefined> {
    await this.settled([id], ms);
    return this.find(id);
  }

  /** Resolves as soon as none of them is pending, or after `ms`. */
  settled(ids: readonly string[], ms: number): Promise<void> {
    const left = new Set(ids.filter((id) => this.find(id)?.state === 'pending'));
    if (left.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        for (const id of left) this.#leave(id, waiter);
        resolve();
      };
      const timer = setTimeout(settle, ms);
      const waiter: Waiter = { left, settle };
      this.#waiting.add(waiter);
      for (const id of left) this.#waitersOf.set(id, (this.#waitersOf.get(id) ?? new Set()).add(waiter));
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
    for (const waiter of this.#waitersOf.get(id) ?? []) {
      this.#leave(id, waiter);
      waiter.left.delete(id);
      if (waiter.left.size === 0) waiter.settle();
    }
  }

  #leave(id: string, waiter: Waiter): void {
    const waiters = this.#waitersOf.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waitersOf.delete(id);
  }
}
