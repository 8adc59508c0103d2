/** Keeps the row under the pointer in place while rows come and go around it, and returns to the operator's own position afterwards. */
export class ScrollAnchor {
  /** The position to which the operator has scrolled. */
  #own = 0;
  /** What has been added to it to keep the held row in place. */
  #moved = 0;
  #held: { readonly id: string; readonly at: number } | undefined;

  /** Pixels of the list above the upper edge of its box. While a row is held it may be less than 0 or more than can be scrolled. */
  get offset(): number {
    return this.#own + this.#moved;
  }

  /** The row `id`, now at `at` pixels of the list, is under the pointer; undefined: none is. */
  hold(id: string | undefined, at: number | undefined): void {
    if (id === undefined || at === undefined) {
      this.#held = undefined;
      this.#moved = 0;
      return;
    }
    if (this.#held?.id === id) this.#moved += at - this.#held.at;
    this.#held = { id, at };
  }

  /** Call it when the operator has scrolled. */
  goTo(own: number): void {
    this.#own = own;
    this.#moved = 0;
  }
}
