/** Which alarm is highlighted on the screen, and since when: a key that was pressed earlier isn't meant for it. */
export class Highlight {
  #id: string | undefined;
  #since = 0;

  drawn(id: string | undefined, at: number): void {
    if (id === this.#id) return;
    this.#id = id;
    this.#since = at;
  }

  wasShown(id: string, pressedAt: number): boolean {
    return id === this.#id && pressedAt >= this.#since;
  }
}
