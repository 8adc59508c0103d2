import type { ActionKind, AlarmEvent } from '../../alarm/alarm.ts';

/** What became of an action, as far as this console knows. */
export interface KnownAction {
  readonly alarm: string;
  readonly kind: ActionKind;
  /** `pending`: handed to the log, and its outcome has not been read yet. */
  readonly state: 'pending' | 'done' | 'refused';
  /** Why it was refused. */
  readonly reason?: string;
}

export interface ActionLimits {
  /** At most this many requests wait for outcomes at once. */
  readonly waitingMax: number;
  /** At most this many actions are remembered; beyond that the one whose last news is oldest is forgotten. */
  readonly knownMax: number;
}

const LIMITS: ActionLimits = { waitingMax: 1_000, knownMax: 50_000 };

/** A request that waits for the outcomes of its actions. */
interface Waiter {
  /** The actions that are still pending. */
  readonly left: Set<string>;
  readonly settle: () => void;
}

/**
 * Actions and their outcomes by the action's id: those that came in here, and those of other consoles once their outcome is in the log. The first
 * outcome in the log stands, since a second record of the same action is decided against the alarm that the first has changed.
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

  /** Call it before the action is appended, since its outcome may be read before the append resolves. */
  begin(id: string, alarm: string, kind: ActionKind): void {
    this.#keep(id, { alarm, kind, state: 'pending' });
  }

  /** Call it if the log has not confirmed the action: it is forgotten, unless its outcome is read from the log after all. */
  giveUp(id: string): void {
    if (this.#known.get(id)?.state !== 'pending') return;
    this.#known.delete(id);
    this.#settle(id);
  }

  /** Resolves once the outcome is known, or after `ms` with what is known then; never rejects. */
  async outcome(id: string, ms: number): Promise<KnownAction | undefined> {
    await this.settled([id], ms);
    return this.find(id);
  }

  /** Resolves once none of the actions is pending, or after `ms`; never rejects. */
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

  /** Takes the outcome of an action from an event in the log. */
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
