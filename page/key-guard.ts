/** Letters are commands again after the keyboard has been quiet for this long. */
const QUIET_MS = 1_000;
/** Always allowed, since they do nothing to an alarm. */
const WAYS_OUT = ['Escape', 'Tab'];

/** Blocks keys right after a field has vanished, since they were meant for the field. */
export class KeyGuard {
  #until = Number.NEGATIVE_INFINITY;

  /** Call it when a field that had the focus is gone. */
  vanished(at: number): void {
    this.#until = at + QUIET_MS;
  }

  /** Whether a key must do nothing. Each such key extends the wait, for people who type on without looking. */
  swallows(key: string, at: number): boolean {
    if (at >= this.#until || WAYS_OUT.includes(key)) return false;
    this.#until = at + QUIET_MS;
    return true;
  }
}
