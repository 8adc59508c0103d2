import type { Client, Directory } from '../../directory/port.ts';
import type { History, SensorState } from '../../history/port.ts';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';

/** Collects what an answer lacks because a store is away, so that the rest can be answered with a list of what is missing. */
export class Missing {
  readonly problems: string[] = [];
  readonly #logger: Logger;
  readonly #about: object;

  constructor(logger: Logger, about: object) {
    this.#logger = logger;
    this.#about = about;
  }

  /** Resolves with `otherwise` if `wanted` rejects, and adds `what` to the problems; never rejects. */
  async orElse<T>(what: string, wanted: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await wanted;
    } catch (error) {
      this.#logger.warn({ ...this.#about, reason: reasonOf(error) }, `${what} could not be fetched`);
      this.problems.push(`${what} cannot be fetched at the moment`);
      return otherwise;
    }
  }
}

/** Rejects where the client's row is damaged, so that the answer says that it is missing. */
export async function clientOf(directory: Pick<Directory, 'find'>, sensor: number): Promise<Client | undefined> {
  const client = await directory.find(sensor);
  if (client === 'damaged') throw new PermanentError('row-damaged', `the row of client ${sensor} is damaged`);
  return client;
}

/** Rejects likewise where the sensor's row is damaged. */
export async function stateOf(history: Pick<History, 'state'>, sensor: number): Promise<SensorState | undefined> {
  const state = await history.state(sensor);
  if (state === 'damaged') throw new PermanentError('row-damaged', `the row of sensor ${sensor} in the history is damaged`);
  return state;
}
