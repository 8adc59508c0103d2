import type { AlarmEvent } from '../../alarm/alarm.ts';

/** What became of an action: the event that answers it, or nothing in time, so that its outcome is unknown. */
export type Outcome = { readonly kind: 'answered'; readonly event: AlarmEvent } | { readonly kind: 'late' };

/** Actions in the log whose answer has not been read yet. Bounded. */
export class PendingActions {
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  readonly #max: number;

  constructor(max = 1_000) {
    this.#max = max;
  }

  get full(): boolean {
    return this.#waiting.size >= this.#max;
  }

  /** Call it before the action is appended: its answer may come first. */
  wait(id: string, ms: number): { readonly outcome: Promise<Outcome>; readonly cancel: () => void } {
    let settle: (outcome: Outcome) => void = () => undefined;
    const outcome = new Promise<Outcome>((resolve) => {
      const timer = setTimeout(() => settle({ kind: 'late' }), ms);
      settle = (result) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(result);
      };
    });
    this.#waiting.set(id, settle);
    return { outcome, cancel: () => settle({ kind: 'late' }) };
  }

  answer(event: AlarmEvent): void {
    if (event.action) this.#waiting.get(event.action.id)?.({ kind: 'answered', event });
  }

  close(): void {
    for (const settle of [...this.#waiting.values()]) settle({ kind: 'late' });
  }
}
