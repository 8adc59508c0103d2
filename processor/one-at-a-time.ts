/** Runs pieces of work one after another, in the order of the calls, for stores that read what they are about to change. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result;
    result.catch(() => undefined);
    return result;
  }

  /** Resolves when all work so far has ended, whether it succeeded or not. */
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }
}
