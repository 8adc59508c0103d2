import type { Logger } from '../../runtime/logging.ts';

/** Gathers what an answer lacks because a store is away: it is named, and hides nothing else. */
export class Missing {
  readonly problems: string[] = [];
  readonly #logger: Logger;
  readonly #about: object;

  constructor(logger: Logger, about: object) {
    this.#logger = logger;
    this.#about = about;
  }

  async orElse<T>(what: string, wanted: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await wanted;
    } catch (error) {
      this.#logger.warn({ ...this.#about, err: error }, `${what} could not be fetched`);
      this.problems.push(`${what} cannot be fetched at the moment`);
      return otherwise;
    }
  }
}
