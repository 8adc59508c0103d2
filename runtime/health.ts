/** What each part of a process says of itself; readiness is the absence of problems. */
export class Health {
  readonly #problems = new Map<string, string>();

  /** `problem` in plain words, or undefined once the part can do its work. */
  report(part: string, problem: string | undefined): void {
    if (problem === undefined) this.#problems.delete(part);
    else this.#problems.set(part, problem);
  }

  get ready(): boolean {
    return this.#problems.size === 0;
  }

  problems(): Record<string, string> {
    return Object.fromEntries(this.#problems);
  }
}
