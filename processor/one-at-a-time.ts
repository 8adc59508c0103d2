/** Runs pieces of work one after another, in the order they were asked for, for stores that read what they are about to change. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result;
    result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was asked for is done, well or not. */
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }
}
