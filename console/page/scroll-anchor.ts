/** Keeps the row under the pointer where it is while rows come and go around it, and goes back to the operator's own place after that. */
export class ScrollAnchor {
  /** Where the operator has scrolled to. */
  #own = 0;
  /** What has been added to that for the row that is held. */
  #moved = 0;
  #held: { readonly id: string; readonly at: number } | undefined;

  /** Pixels of the list above the upper edge of its box. May be less than 0 or more than can be scrolled while a row is held. */
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

  /** The operator wants to be there. */
  goTo(own: number): void {
    this.#own = own;
    this.#moved = 0;
  }
}
