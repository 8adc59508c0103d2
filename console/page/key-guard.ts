/** So long the keyboard must have been quiet before letters are commands again. */
const QUIET_MS = 1_000;
/** They do nothing to an alarm. */
const WAYS_OUT = ['Escape', 'Tab'];

/** Letters that come right after a field has vanished were meant for the field. */
export class KeyGuard {
  #until = Number.NEGATIVE_INFINITY;

  /** A field that had the focus is gone. */
  vanished(at: number): void {
    this.#until = at + QUIET_MS;
  }

  /** Whether a key must do nothing. Who types on without looking is waited for. */
  swallows(key: string, at: number): boolean {
    if (at >= this.#until || WAYS_OUT.includes(key)) return false;
    this.#until = at + QUIET_MS;
    return true;
  }
}
